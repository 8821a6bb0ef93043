alter table item add constraint two check (id > 0);
