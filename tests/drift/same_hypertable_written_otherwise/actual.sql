select create_hypertable('reading', by_range('at', interval '24 hours'));
