create table item (kind text check (kind in ('a', 'b')));
