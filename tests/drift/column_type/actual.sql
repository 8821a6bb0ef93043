alter table item alter id type bigint, alter price type numeric(12, 2);
