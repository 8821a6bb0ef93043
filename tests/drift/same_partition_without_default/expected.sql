create table log (n int, k varchar(3) default 'x') partition by list (n);
create table log_1 (n int, k varchar(3));
alter table log attach partition log_1 for values in (1);
