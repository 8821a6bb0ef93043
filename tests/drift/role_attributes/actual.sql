create role app nologin connection limit 6 valid until '2031-01-01 00:00:00+00';
create role keys login;
create role plain;
comment on role plain is 'nothing';
