create table base (a int);
create table child (b int) inherits (base);
alter table base add c int;
