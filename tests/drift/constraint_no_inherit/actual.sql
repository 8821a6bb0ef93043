create table item (a int constraint k check (a > 0) no inherit);
