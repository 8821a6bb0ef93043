create table c () inherits (p);
alter table c alter a drop default, alter b drop default, alter n drop default, alter w drop default, alter d drop default;
create table part partition of parted for values in (1);
alter table part alter a drop default;
