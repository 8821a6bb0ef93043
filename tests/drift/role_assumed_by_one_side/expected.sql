create table t (a integer);
create role reader;
grant select on t to reader;
