select add_dimension('reading', by_hash('device', 4, partition_func => 'spread'));
