-- Forty trackers, six weeks, a position every three hours.
INSERT INTO positions (device_id, ts, ingested_at, latitude, longitude, altitude, speed, heading, satellites)
SELECT '35630704300' || to_char(1000 + device, 'FM0000'), at, at + interval '4 seconds',
       46.95 + n * 0.0005, 7.44 + n * 0.0007, 540, (n * device) % 130, n * 13 % 360, 10
  FROM generate_series(1, 40) AS device,
       generate_series(0, 335) AS n,
       LATERAL (SELECT timestamptz '2026-01-19 00:00:00+00' + n * interval '3 hours' AS at) AS clock
    ON CONFLICT (device_id, ts) DO NOTHING;
