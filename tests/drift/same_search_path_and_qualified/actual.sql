create schema app;
create type app.mood as enum ('ok');
create table app.item (m app.mood default 'ok', n int);
create function app.f(x app.mood) returns app.mood language sql as 'select x';
create view app.v as select app.f(m) as m from app.item;
