BEGIN;

-- Running upgrade 0001 -> 0002

ALTER TABLE readings ADD COLUMN quality SMALLINT DEFAULT '0' NOT NULL;

ALTER TABLE readings ADD CONSTRAINT readings_quality_range CHECK (quality between 0 and 100);

UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';

COMMIT;

