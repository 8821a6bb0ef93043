-- processor/src/db/migrations/0001_positions.sql as it was when prod was installed. The file was edited later (text
-- instead of varchar(64), one day instead of seven), but a runner applies a file once: prod never heard of it, and the
-- owner's IF NOT EXISTS does not mend it.

CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE EXTENSION IF NOT EXISTS postgis;

CREATE TABLE IF NOT EXISTS positions (
  device_id   varchar(64)      NOT NULL,
  ts          timestamptz      NOT NULL,
  ingested_at timestamptz      NOT NULL DEFAULT now(),
  latitude    double precision NOT NULL,
  longitude   double precision NOT NULL,
  altitude    real,
  speed       real,
  heading     real,
  satellites  smallint,
  attributes  jsonb            NOT NULL DEFAULT '{}'::jsonb
);

SELECT create_hypertable('positions', 'ts', chunk_time_interval => INTERVAL '7 days', if_not_exists => TRUE);

CREATE UNIQUE INDEX IF NOT EXISTS positions_device_ts ON positions (device_id, ts);
CREATE INDEX IF NOT EXISTS positions_ts ON positions (ts DESC);
