create extension timescaledb;
create table log (at timestamptz not null, seen timestamptz not null);
