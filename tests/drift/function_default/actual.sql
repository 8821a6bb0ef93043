create or replace function f(a int default 1) returns int language plpgsql as 'begin return a; end';
