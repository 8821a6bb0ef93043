select create_hypertable('log', by_range('seen'));
