create table t (a integer);
alter role reader set work_mem = '4MB';
alter role reader login;
grant select on t to reader;
