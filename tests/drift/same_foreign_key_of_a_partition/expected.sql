create table item (id int primary key);
create table log (item int references item) partition by list (item);
create table log_1 (item int, constraint mine foreign key (item) references item);
alter table log attach partition log_1 for values in (1);
