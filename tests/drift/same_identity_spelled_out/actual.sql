create table item (id bigint not null);
alter table item alter column id add generated always as identity (sequence name item_id_seq start with 1 increment by 1 no minvalue no maxvalue cache 1);
alter table only item add constraint item_pkey primary key (id);
