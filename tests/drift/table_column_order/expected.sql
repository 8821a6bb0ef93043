create table item (a int, b int);
