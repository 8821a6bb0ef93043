alter table item enable always trigger stop;
comment on trigger stop on item is 'no';
