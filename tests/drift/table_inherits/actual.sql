create table base (a int);
create table child (a int);
