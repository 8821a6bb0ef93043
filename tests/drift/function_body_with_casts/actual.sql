create function f() returns text[] language sql as 'select array[(''a''::varchar)::text]';
