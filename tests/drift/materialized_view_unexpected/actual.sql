create materialized view n as select 1 as one;
