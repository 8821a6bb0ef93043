drop view v;
create table v (id int, label text);
