select create_hypertable('reading', 'at');
