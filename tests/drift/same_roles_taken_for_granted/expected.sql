create table t (a integer);
grant select on t to reader;
alter role reader set work_mem = '4MB';
alter role reader login;
