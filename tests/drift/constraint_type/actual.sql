alter table item add constraint k primary key (id, place);
