create table item (id int primary key, label text not null, price numeric(10,2), at timestamptz);
create materialized view m as select id, label from item;
create access method heap2 type table handler heap_tableam_handler;
