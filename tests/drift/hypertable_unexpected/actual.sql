select create_hypertable('reading', by_range('at', interval '1 day'));
