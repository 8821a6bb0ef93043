create table item (id int primary key);
create table log (item int references item) partition by list (item);
create table log_1 partition of log for values in (1);
