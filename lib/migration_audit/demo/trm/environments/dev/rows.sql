-- Three trackers, four days, a position every half hour.
INSERT INTO positions (device_id, ts, ingested_at, latitude, longitude, altitude, speed, heading, satellites)
SELECT device, at, at + interval '2 seconds', 48.137 + n * 0.001, 11.575 + n * 0.0015, 519, n % 90, n * 7 % 360, 9
  FROM unnest(ARRAY['356307042441013', '356307042441021', '356307042441039']) AS device,
       generate_series(0, 191) AS n,
       LATERAL (SELECT timestamptz '2026-03-02 00:00:00+00' + n * interval '30 minutes' AS at) AS clock
    ON CONFLICT (device_id, ts) DO NOTHING;
