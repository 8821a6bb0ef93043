drop materialized view m;
create materialized view m as select id, label from item where id > 0;
