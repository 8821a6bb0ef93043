drop materialized view m;
