-- What Directus makes by itself, much shortened: its system tables (`directus bootstrap`), and the collections of
-- snapshots/schema.yaml (`directus schema apply`).
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
CREATE TABLE directus_fields (
    id         serial PRIMARY KEY,
    collection varchar(64) NOT NULL,
    field      varchar(64) NOT NULL,
    interface  varchar(64)
);
CREATE TABLE devices (
    id            serial PRIMARY KEY,
    imei          varchar(32) NOT NULL CONSTRAINT devices_imei_unique UNIQUE,
    manufacturer  varchar(64),
    serial_number varchar(64),
    created_by    uuid CONSTRAINT devices_created_by_foreign REFERENCES directus_users
);
CREATE TABLE vehicles (
    id        serial PRIMARY KEY,
    plate     varchar(16) NOT NULL,
    country   varchar(2) NOT NULL DEFAULT 'CH',
    device_id integer CONSTRAINT vehicles_device_id_foreign REFERENCES devices ON DELETE SET NULL
);

INSERT INTO directus_users (id, email) VALUES ('00000000-0000-4000-8000-000000000001', 'admin@trm.example');
INSERT INTO directus_collections (collection, icon) VALUES ('devices', 'router'), ('vehicles', 'directions_car');
INSERT INTO directus_fields (collection, field, interface)
SELECT collection, field, 'input'
  FROM (VALUES ('devices', 'id'), ('devices', 'imei'), ('devices', 'manufacturer'), ('devices', 'serial_number'),
               ('devices', 'created_by'), ('vehicles', 'id'), ('vehicles', 'plate'), ('vehicles', 'country'),
               ('vehicles', 'device_id')) AS snapshot (collection, field);
INSERT INTO devices (imei, manufacturer, serial_number)
VALUES ('356307042441013', 'Teltonika', 'A-1013'), ('356307042441021', 'Teltonika', 'A-1021'),
       ('356307042441039', 'Queclink', 'A-1013');
INSERT INTO vehicles (plate, device_id) SELECT 'TRM-' || id, id FROM devices;
