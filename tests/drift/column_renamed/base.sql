create table item (id int primary key, label text not null, price numeric(10,2), at timestamptz);
