create table log (n timestamptz not null);
select create_hypertable('log', by_range('n', interval '1 day'));
