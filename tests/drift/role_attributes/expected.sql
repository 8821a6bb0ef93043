create role app login connection limit 5 valid until '2030-01-01 00:00:00+00';
create role keys login password 'one';
create role plain;
alter role current_user noreplication;
