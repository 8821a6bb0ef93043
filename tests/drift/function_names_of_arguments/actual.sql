create function f(b integer) returns integer language sql as 'select 1';
comment on function f is 'x';
revoke execute on function f from public;
create aggregate total(y integer) (sfunc = int4pl, stype = integer);
