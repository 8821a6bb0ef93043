create role app;
create role reader;
create role writer;
grant reader to app with admin option;
grant pg_monitor to app;
