create or replace view v as select id, label from item where price > 0;
