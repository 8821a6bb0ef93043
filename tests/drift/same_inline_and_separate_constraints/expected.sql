create table place (id int primary key);
create table item (id int primary key, code text unique, n int check (n > 0), place int references place on delete cascade);
