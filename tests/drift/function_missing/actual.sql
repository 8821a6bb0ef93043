drop function f(int);
