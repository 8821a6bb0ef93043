create or replace view v as select id, label, price from item;
