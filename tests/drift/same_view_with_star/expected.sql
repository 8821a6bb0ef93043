create table item (a int, b text);
create view v as select * from item;
