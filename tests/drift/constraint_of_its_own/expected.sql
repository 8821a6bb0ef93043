create table base (a int constraint k check (a > 0));
create table child () inherits (base);
