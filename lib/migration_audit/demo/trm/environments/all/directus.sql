-- What Directus makes by itself: some of its system tables (`directus bootstrap`), whole where `schema apply` reads them, and
-- the collections of snapshots/schema.yaml with their rows (`directus schema apply`).
CREATE TABLE directus_users (
    id     uuid PRIMARY KEY,
    email  varchar(255) UNIQUE,
    status varchar(16) NOT NULL DEFAULT 'active'
);
CREATE TABLE directus_collections (
    collection varchar(64) PRIMARY KEY, icon varchar(64), note text, display_template varchar(255),
    hidden boolean NOT NULL DEFAULT false, singleton boolean NOT NULL DEFAULT false, translations json,
    archive_field varchar(64), archive_app_filter boolean NOT NULL DEFAULT true, archive_value varchar(255),
    unarchive_value varchar(255), sort_field varchar(64), accountability varchar(255) DEFAULT 'all',
    color varchar(255), item_duplication_fields json, sort integer, "group" varchar(64),
    collapse varchar(255) NOT NULL DEFAULT 'open', preview_url varchar(255), versioning boolean NOT NULL DEFAULT false
);
CREATE TABLE directus_fields (
    id serial PRIMARY KEY, collection varchar(64) NOT NULL, field varchar(64) NOT NULL, special varchar(64),
    interface varchar(64), options json, display varchar(64), display_options json,
    readonly boolean NOT NULL DEFAULT false, hidden boolean NOT NULL DEFAULT false, sort integer,
    width varchar(30) DEFAULT 'full', translations json, note text, conditions json, required boolean DEFAULT false,
    "group" varchar(64), validation json, validation_message text, searchable boolean NOT NULL DEFAULT true
);
CREATE TABLE directus_relations (
    id serial PRIMARY KEY, many_collection varchar(64) NOT NULL, many_field varchar(64) NOT NULL,
    one_collection varchar(64), one_field varchar(64), one_collection_field varchar(64), one_allowed_collections text,
    junction_field varchar(64), sort_field varchar(64), one_deselect_action varchar(255) NOT NULL DEFAULT 'nullify'
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
INSERT INTO directus_collections (collection, icon) VALUES
    ('devices', 'router'),
    ('vehicles', 'directions_car');
INSERT INTO directus_fields (collection, field, special, interface, readonly, hidden, sort, required) VALUES
    ('devices', 'id', NULL, 'input', true, true, 1, false),
    ('devices', 'imei', NULL, 'input', false, false, 2, true),
    ('devices', 'manufacturer', NULL, 'input', false, false, 3, false),
    ('devices', 'serial_number', NULL, 'input', false, false, 4, false),
    ('devices', 'created_by', 'user-created', 'select-dropdown-m2o', true, true, 5, false),
    ('vehicles', 'id', NULL, 'input', true, true, 1, false),
    ('vehicles', 'plate', NULL, 'input', false, false, 2, true),
    ('vehicles', 'country', NULL, 'input', false, false, 3, false),
    ('vehicles', 'device_id', 'm2o', 'select-dropdown-m2o', false, false, 4, false);
INSERT INTO directus_relations (many_collection, many_field, one_collection) VALUES
    ('devices', 'created_by', 'directus_users'),
    ('vehicles', 'device_id', 'devices');
INSERT INTO devices (imei, manufacturer, serial_number)
VALUES ('356307042441013', 'Teltonika', 'A-1013'), ('356307042441021', 'Teltonika', 'A-1021'),
       ('356307042441039', 'Queclink', 'A-1013');
INSERT INTO vehicles (plate, device_id) SELECT 'TRM-' || id, id FROM devices;
