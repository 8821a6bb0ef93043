create table item (id int primary key, label text not null, price numeric(10,2), at timestamptz);
create function f() returns int language sql as 'select 1';
create type mood as enum ('ok');
create sequence s;
create schema a;
