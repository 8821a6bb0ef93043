-- The data platform owns the schema of every service: Flyway applies these files, and nothing else runs DDL.
CREATE TABLE IF NOT EXISTS readings (
    meter_id       text           NOT NULL,
    taken_at       timestamptz    NOT NULL,
    kilowatt_hours numeric(12, 3) NOT NULL,
    attributes     jsonb          NOT NULL DEFAULT '{}',
    quality        smallint       NOT NULL DEFAULT '0',
    CONSTRAINT readings_pkey PRIMARY KEY (meter_id, taken_at),
    CONSTRAINT readings_quality_range CHECK (quality BETWEEN 0 AND 100)
);
