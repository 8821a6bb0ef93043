/*
 * positions: raw telemetry, written by the processor.
 *
 * A hypertable cannot be expressed in snapshots/schema.yaml, and it has to exist before `directus schema apply` runs,
 * which would otherwise remove or rebuild it.
 */
create table if not exists positions (
    device_id   text                     not null,
    ts          timestamp with time zone not null,
    ingested_at timestamp with time zone not null default now(),
    latitude    float8                   not null,
    longitude   float8                   not null,
    altitude    float4,
    speed       float4,
    heading     float4,
    satellites  int2,
    attributes  jsonb                    not null default '{}'
);

select create_hypertable(
    'positions',
    'ts',
    chunk_time_interval => interval '1 day',
    if_not_exists => true
);

create index if not exists positions_ts on positions (ts desc);

-- The arbiter of the processor's upsert.
create unique index if not exists positions_device_ts on positions (device_id, ts);
