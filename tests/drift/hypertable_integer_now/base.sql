create extension timescaledb;
create table log (n bigint not null);
create function last_n() returns bigint language sql stable as 'select coalesce(max(n), 0) from log';
