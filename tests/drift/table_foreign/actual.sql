create foreign table item (id int) server two;
