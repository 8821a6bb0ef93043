create role app;
create role reader;
create role writer;
grant reader to app;
grant writer to app;
grant pg_read_all_stats to app;
