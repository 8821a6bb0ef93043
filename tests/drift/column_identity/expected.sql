create table item (id int generated always as identity);
