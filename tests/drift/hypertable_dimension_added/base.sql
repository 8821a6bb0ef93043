create extension timescaledb;
create table reading (at timestamptz not null, device int not null, v float8);
select create_hypertable('reading', by_range('at', interval '1 day'));
