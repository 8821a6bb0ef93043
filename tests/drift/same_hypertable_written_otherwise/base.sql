create extension timescaledb;
create table reading (at timestamptz not null, device int, v float8);
