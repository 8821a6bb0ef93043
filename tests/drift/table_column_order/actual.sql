create table item (b int, a int);
