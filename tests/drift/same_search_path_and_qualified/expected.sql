create schema app;
set search_path = app;
create type mood as enum ('ok');
create table item (m mood default 'ok', n int);
create function f(x mood) returns mood language sql as 'select x';
create view v as select f(m) as m from item;
