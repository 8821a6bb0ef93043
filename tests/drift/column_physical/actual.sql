alter table item alter label set storage external, alter label set compression pglz, alter label set statistics 7, alter label set (n_distinct = 5);
