create role app;
alter role app set search_path = app, public;
alter role app set work_mem = '8MB';
alter role all set timezone = 'UTC';
alter role app set app.secret = 'a';
