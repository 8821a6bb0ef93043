create table place (id int primary key);
create table item (id int, place int);
