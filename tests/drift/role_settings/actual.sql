create role app;
alter role app set search_path = public;
alter role app set work_mem = '8MB';
alter role current_user set work_mem = '1MB';
alter role app set app.secret = 'b';
