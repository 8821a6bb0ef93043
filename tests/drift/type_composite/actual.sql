create type pair as (a bigint, b text collate "C", c int);
