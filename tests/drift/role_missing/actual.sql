create role app login;
alter role altered connection limit 3;
grant reader to app;
