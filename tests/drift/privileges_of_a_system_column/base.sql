create role reader;
create table positions (device_id bigint, ts timestamptz);
