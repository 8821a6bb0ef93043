create table item (id serial primary key);
