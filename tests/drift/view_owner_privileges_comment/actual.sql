alter view v owner to keeper;
grant select on v to reader;
comment on view v is 'seen';
