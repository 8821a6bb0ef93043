create table base (a int, c int);
create table child (b int) inherits (base);
