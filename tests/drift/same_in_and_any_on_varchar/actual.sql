create table item (kind varchar(9), constraint item_kind_check check (kind = any (array['a', 'b']) and kind <> all (array['c', 'd'])));
