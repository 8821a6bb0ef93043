create table item (kind varchar(9) check (kind in ('a', 'b') and kind not in ('c', 'd')));
