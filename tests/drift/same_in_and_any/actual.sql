create table item (kind text, constraint item_kind_check check (kind = any (array['a', 'b'])));
