create table item (a int, b text);
create view v (a, b) as select item.a, item.b from item;
