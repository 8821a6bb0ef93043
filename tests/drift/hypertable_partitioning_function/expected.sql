select add_dimension('reading', by_hash('device', 4));
