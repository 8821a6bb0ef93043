create table item (n int check (n between 1 and 5 and n not in (2, 3) and n > 0));
create view few as select n from item where n between 1 and 5 and n <> 2 or n between 7 and 9 or n = 11;
