alter table item add constraint one check (id > 0);
