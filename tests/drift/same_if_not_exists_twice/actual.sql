create table if not exists item (id int primary key, label text not null, price numeric(10,2), at timestamptz);
create table if not exists item (id int primary key, label text not null, price numeric(10,2), at timestamptz);
create index if not exists item_label on item (label);
create index if not exists item_label on item (label);
create extension if not exists plpgsql;
