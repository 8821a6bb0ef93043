create table c () inherits (p);
alter table c alter a set default null, alter b set default null, alter n set default null, alter w set default null, alter d set default null, alter x set default null;
create table part (id integer, a varchar(20) default null);
alter table parted attach partition part for values in (1);
