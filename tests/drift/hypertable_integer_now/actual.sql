select create_hypertable('log', by_range('n', 200));
select set_integer_now_func('log', 'last_n');
