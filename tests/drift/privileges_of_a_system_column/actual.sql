grant select (device_id) on positions to reader;
