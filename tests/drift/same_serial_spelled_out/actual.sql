create sequence item_id_seq as integer;
create table item (id integer default nextval('item_id_seq') not null, constraint item_pkey primary key (id));
alter sequence item_id_seq owned by item.id;
