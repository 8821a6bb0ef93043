create table c () inherits (p);
alter table c alter a set default null;
