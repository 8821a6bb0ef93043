select create_hypertable('reading', 'at', chunk_time_interval => interval '1 day');
