create table item (id int) using heap;
