alter schema app owner to keeper;
grant usage on schema app to reader;
comment on schema app is 'ours';
