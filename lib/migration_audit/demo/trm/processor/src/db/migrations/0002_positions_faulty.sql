-- Phase 1.5, task 1.5.5: an operator can mark a position as faulty; read paths skip it.

ALTER TABLE positions ADD COLUMN IF NOT EXISTS faulty boolean NOT NULL DEFAULT false;

-- The latest positions of one device.
CREATE INDEX IF NOT EXISTS positions_device_ts_idx ON positions (device_id, ts DESC);
