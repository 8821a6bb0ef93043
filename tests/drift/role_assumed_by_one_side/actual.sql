create table t (a integer);
grant select on t to reader;
