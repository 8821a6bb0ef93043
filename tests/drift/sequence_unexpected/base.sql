create table item (id int);
create sequence s;
