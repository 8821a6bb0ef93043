select set_chunk_time_interval('reading', interval '7 days');
