create function f(a int, b int default 1) returns int language sql as 'select b';
create or replace function f(a integer, b integer default 1) returns integer as 'select a' language sql immutable;
