create type pair as (a int, b int);
create table item of pair;
