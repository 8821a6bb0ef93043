-- Set by hand in the operations console; the processor only reads it.
alter table positions
    add column if not exists faulty boolean not null default false;

create index if not exists positions_device_ts_idx on positions (device_id, ts desc);
