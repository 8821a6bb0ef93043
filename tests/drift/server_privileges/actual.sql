grant usage on foreign server s to drift_reader;
comment on server s is 'x';
