alter table item add constraint k check (id >= 0);
comment on constraint k on item is 'ids';
