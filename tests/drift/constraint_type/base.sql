create table item (id int not null, place int not null);
