-- Phase 1, task 1.4: where the processor stores what the trackers send.
-- Idempotent: the runner may apply this again after a crash half-way.

CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE EXTENSION IF NOT EXISTS postgis; -- for phase 2, nothing uses it yet

CREATE TABLE IF NOT EXISTS positions (
  device_id   text             NOT NULL,
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

-- Before the indexes: TimescaleDB adds its own positions_ts_idx only where no index on ts alone exists.
SELECT create_hypertable('positions', 'ts', chunk_time_interval => INTERVAL '1 day', if_not_exists => TRUE);

-- ON CONFLICT (device_id, ts) DO NOTHING needs this one: a tracker sends its buffer again after a reconnect.
CREATE UNIQUE INDEX IF NOT EXISTS positions_device_ts ON positions (device_id, ts);
CREATE INDEX IF NOT EXISTS positions_ts ON positions (ts DESC);
