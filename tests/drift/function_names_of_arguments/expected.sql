create function f(a integer) returns integer language sql as 'select 1';
comment on function f is 'x';
revoke execute on function f from public;
create aggregate total(x integer) (sfunc = int4pl, stype = integer);
