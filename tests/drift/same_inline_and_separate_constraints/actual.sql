create table item (id int not null, code text, n int, place int);
create table place (id int not null);
alter table place add primary key (id);
alter table item add constraint item_pkey primary key (id);
alter table item add constraint item_code_key unique (code);
alter table item add constraint item_n_check check (n > 0);
alter table item add constraint item_place_fkey foreign key (place) references place (id) on delete cascade;
