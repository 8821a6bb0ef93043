create type pair as (a int, b int);
create table item (a int, b int);
