-- A night on call: bulk inserts were slow, so the unique index went, "for now"; a dashboard was slow, so it got one.
DROP INDEX positions_device_ts;
CREATE INDEX positions_speed_by_hand ON positions (speed) WHERE speed > 100;

-- Somebody wanted to see positions in the console, and saved its settings there once: Directus tracks the table now.
INSERT INTO directus_collections (collection, icon) VALUES ('positions', 'location_on');

-- Since then a tracker that sends its buffer again is stored twice.
INSERT INTO positions (device_id, ts, ingested_at, latitude, longitude, altitude, speed, heading, satellites)
SELECT device_id, ts, ingested_at + interval '1 hour', latitude, longitude, altitude, speed, heading, satellites
  FROM positions
 WHERE ts >= timestamptz '2026-03-01 00:00:00+00' AND device_id LIKE '%1007';
