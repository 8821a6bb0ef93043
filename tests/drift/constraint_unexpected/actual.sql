alter table item add unique (place);
