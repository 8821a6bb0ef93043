create schema a;
create schema b;
create table a.t (n int);
create table b.t (n int);
create index on a.t (n);
create view b.v as select n from a.t;
comment on table a.t is 'a';
