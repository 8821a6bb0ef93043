create table log (n bigint not null);
select create_hypertable('log', by_range('n', 86400000000));
