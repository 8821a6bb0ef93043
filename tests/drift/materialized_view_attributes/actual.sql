alter materialized view m set (fillfactor = 60);
alter materialized view m owner to keeper;
grant select on m to reader;
comment on materialized view m is 'kept';
alter materialized view m set access method heap2;
