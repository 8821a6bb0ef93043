create table c () inherits (p);
alter table c alter a drop default;
