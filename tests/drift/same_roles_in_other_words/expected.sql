create user app with encrypted password 'x';
create group readers;
grant readers to app;
create role old;
drop role old;
