create table base (a int constraint k check (a > 0));
create table child (constraint k check (a > 0)) inherits (base);
