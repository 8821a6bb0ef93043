create table pos (id serial primary key, speed int not null default 3, ts timestamptz, constraint small check (speed < 9));
create index pos_speed on pos (speed);
create table "Old one" (id serial primary key, "order" text, constraint k check ("order" <> ''));
create index oo on "Old one" ("order");
create table x (a int, constraint one check (a > 1)); create index i1 on x (a);
create view v as select speed from pos;
