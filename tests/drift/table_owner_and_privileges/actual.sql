alter table item owner to keeper;
grant select on item to reader with grant option;
