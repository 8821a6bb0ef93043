create table pos (id serial primary key, "user" int not null default 3, ts timestamptz, constraint small check ("user" < 9));
create index pos_speed on pos ("user");
create table "New.one" (id serial primary key, "order" text, constraint k2 check ("order" <> ''));
create index oo on "New.one" ("order");
create table x (a int, constraint two check (a > 1)); create index i2 on x (a);
create view v as select "user" as speed from pos;
