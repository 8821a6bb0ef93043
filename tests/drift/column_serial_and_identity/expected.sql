create table item (id serial);
