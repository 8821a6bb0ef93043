create table item (a int, b int generated always as (a * 2) stored);
