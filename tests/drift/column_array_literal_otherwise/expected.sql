create table item (k varchar(9) check (k in ('a', 'b')));
