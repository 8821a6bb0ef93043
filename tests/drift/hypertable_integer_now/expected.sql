select create_hypertable('log', by_range('n', 100));
