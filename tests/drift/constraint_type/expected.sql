alter table item add constraint k unique (id, place);
