create table base (a int);
create table child () inherits (base);
