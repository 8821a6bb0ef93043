create unlogged sequence s;
alter sequence s owner to keeper;
grant usage on sequence s to reader;
comment on sequence s is 'numbers';
