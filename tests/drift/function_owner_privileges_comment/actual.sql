alter function f(int) owner to keeper;
revoke all on function f(int) from public;
grant execute on function f(int) to reader;
comment on function f(int) is 'same';
