create extension timescaledb;
create table reading (at timestamptz not null, device int not null, v float8);
