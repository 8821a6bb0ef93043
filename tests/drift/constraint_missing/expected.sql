alter table item add primary key (id);
