create table item (n int constraint item_n_check check (((n >= 1) and (n <= 5) and (n <> all (array[2, 3])) and (n > 0))));
create view few as select n from item where (((n >= 1) and (n <= 5) and (n <> 2)) or ((n >= 7) and (n <= 9)) or (n = 11));
