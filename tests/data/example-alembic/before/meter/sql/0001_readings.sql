BEGIN;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

CREATE TABLE readings (
    meter_id TEXT NOT NULL, 
    taken_at TIMESTAMP WITH TIME ZONE NOT NULL, 
    kilowatt_hours NUMERIC(12, 3) NOT NULL, 
    attributes JSONB DEFAULT '{}' NOT NULL, 
    CONSTRAINT readings_pkey PRIMARY KEY (meter_id, taken_at)
);

CREATE INDEX readings_taken_at ON readings (taken_at DESC);

INSERT INTO alembic_version (version_num) VALUES ('0001') RETURNING alembic_version.version_num;

COMMIT;

