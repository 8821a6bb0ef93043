-- Twenty trackers, eight days, a position every hour.
INSERT INTO positions (device_id, ts, ingested_at, latitude, longitude, altitude, speed, heading, satellites)
SELECT '35630704244' || to_char(1000 + device, 'FM0000'), at, at + interval '3 seconds',
       47.37 + n * 0.002, 8.54 + n * 0.001, 408, (n * device) % 120, n * 11 % 360, 8
  FROM generate_series(1, 20) AS device,
       generate_series(0, 191) AS n,
       LATERAL (SELECT timestamptz '2026-02-20 00:00:00+00' + n * interval '1 hour' AS at) AS clock
    ON CONFLICT (device_id, ts) DO NOTHING;
