create role teller;
create table item (id int primary key, label text not null, price numeric(10,2), at timestamptz);
grant select, insert on item to teller;
