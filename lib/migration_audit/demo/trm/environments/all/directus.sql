-- What Directus makes by itself, much shortened: its system tables, and the collections of snapshots/schema.yaml.
CREATE TABLE directus_users (
    id     uuid PRIMARY KEY,
    email  varchar(255) UNIQUE,
    status varchar(16) NOT NULL DEFAULT 'active'
);
CREATE TABLE directus_collections (
    collection varchar(64) PRIMARY KEY,
    icon       varchar(64),
    hidden     boolean NOT NULL DEFAULT false
);
CREATE TABLE devices (
    id         serial PRIMARY KEY,
    imei       varchar(32) NOT NULL,
    created_by uuid REFERENCES directus_users
);
CREATE TABLE vehicles (
    id        serial PRIMARY KEY,
    plate     varchar(16) NOT NULL,
    device_id integer REFERENCES devices ON DELETE SET NULL
);
ALTER TABLE devices ADD CONSTRAINT devices_imei_unique UNIQUE (imei);

INSERT INTO directus_users (id, email) VALUES ('00000000-0000-4000-8000-000000000001', 'admin@trm.example');
INSERT INTO directus_collections (collection, icon) VALUES ('devices', 'router'), ('vehicles', 'directions_car');
INSERT INTO devices (imei) VALUES ('356307042441013'), ('356307042441021'), ('356307042441039');
INSERT INTO vehicles (plate, device_id) SELECT 'TRM-' || id, id FROM devices;
