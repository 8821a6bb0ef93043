alter function f(int) immutable strict security definer parallel safe cost 7 set search_path = pg_temp;
