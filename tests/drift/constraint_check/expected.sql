alter table item add constraint k check (id > 0);
