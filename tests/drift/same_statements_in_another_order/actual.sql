create schema b;
create table b.t (n int);
create schema a;
create table a.t (n int);
comment on table a.t is 'a';
create view b.v as select n from a.t;
create index on a.t (n);
