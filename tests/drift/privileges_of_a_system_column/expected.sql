grant select (device_id, tableoid) on positions to reader;
