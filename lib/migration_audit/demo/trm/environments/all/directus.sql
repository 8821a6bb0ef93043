-- What Directus makes by itself: those of its system tables (`directus bootstrap`) that `schema apply` works on, and
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
CREATE TABLE directus_activity (
    id serial PRIMARY KEY, action varchar(45) NOT NULL, "user" uuid, "timestamp" timestamptz NOT NULL DEFAULT now(),
    ip varchar(50), user_agent text, collection varchar(64) NOT NULL, item varchar(255) NOT NULL, origin varchar(255)
);
CREATE INDEX directus_activity_timestamp_index ON directus_activity ("timestamp");
CREATE TABLE directus_revisions (
    id serial PRIMARY KEY, collection varchar(64) NOT NULL, item varchar(255) NOT NULL, data json, delta json, version uuid,
    activity integer NOT NULL CONSTRAINT directus_revisions_activity_foreign REFERENCES directus_activity ON DELETE CASCADE,
    parent integer CONSTRAINT directus_revisions_parent_foreign REFERENCES directus_revisions
);
CREATE INDEX directus_revisions_activity_index ON directus_revisions (activity);
CREATE INDEX directus_revisions_parent_index ON directus_revisions (parent);
CREATE TABLE directus_permissions (
    id serial PRIMARY KEY, collection varchar(64) NOT NULL, action varchar(10) NOT NULL, permissions json, validation json,
    presets json, fields text, policy uuid NOT NULL
);
CREATE TABLE directus_presets (
    id serial PRIMARY KEY, bookmark varchar(255), "user" uuid REFERENCES directus_users ON DELETE CASCADE, role uuid,
    collection varchar(64), search varchar(100), layout varchar(100) DEFAULT 'tabular', layout_query json,
    layout_options json, refresh_interval integer, filter json, icon varchar(64) DEFAULT 'bookmark', color varchar(255)
);
CREATE TABLE directus_migrations (
    version varchar(255) PRIMARY KEY, name varchar(255) NOT NULL, "timestamp" timestamptz DEFAULT now()
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

-- All of Directus 11.17.4's own migrations: its next bootstrap finds nothing to do.
INSERT INTO directus_migrations (version, name) VALUES
    ('20201028A', 'Remove Collection Foreign Keys'), ('20201029A', 'Remove System Relations'),
    ('20201029B', 'Remove System Collections'), ('20201029C', 'Remove System Fields'),
    ('20201105A', 'Add Cascade System Relations'), ('20201105B', 'Change Webhook URL Type'),
    ('20210225A', 'Add Relations Sort Field'), ('20210304A', 'Remove Locked Fields'),
    ('20210312A', 'Webhooks Collections Text'), ('20210331A', 'Add Refresh Interval'),
    ('20210415A', 'Make Filesize Nullable'), ('20210416A', 'Add Collections Accountability'),
    ('20210422A', 'Remove Files Interface'), ('20210506A', 'Rename Interfaces'), ('20210510A', 'Restructure Relations'),
    ('20210518A', 'Add Foreign Key Constraints'), ('20210519A', 'Add System Fk Triggers'),
    ('20210521A', 'Add Collections Icon Color'), ('20210525A', 'Add Insights'), ('20210608A', 'Add Deep Clone Config'),
    ('20210626A', 'Change Filesize Bigint'), ('20210716A', 'Add Conditions to Fields'),
    ('20210721A', 'Add Default Folder'), ('20210802A', 'Replace Groups'), ('20210803A', 'Add Required to Fields'),
    ('20210805A', 'Update Groups'), ('20210805B', 'Change Image Metadata Structure'),
    ('20210811A', 'Add Geometry Config'), ('20210831A', 'Remove Limit Column'), ('20210903A', 'Add Auth Provider'),
    ('20210907A', 'Webhooks Collections Not Null'), ('20210910A', 'Move Module Setup'),
    ('20210920A', 'Webhooks URL Not Null'), ('20210924A', 'Add Collection Organization'),
    ('20210927A', 'Replace Fields Group'), ('20210927B', 'Replace M2M Interface'), ('20210929A', 'Rename Login Action'),
    ('20211007A', 'Update Presets'), ('20211009A', 'Add Auth Data'), ('20211016A', 'Add Webhook Headers'),
    ('20211103A', 'Set Unique to User Token'), ('20211103B', 'Update Special Geometry'),
    ('20211104A', 'Remove Collections Listing'), ('20211118A', 'Add Notifications'), ('20211211A', 'Add Shares'),
    ('20211230A', 'Add Project Descriptor'), ('20220303A', 'Remove Default Project Color'),
    ('20220308A', 'Add Bookmark Icon and Color'), ('20220314A', 'Add Translation Strings'),
    ('20220322A', 'Rename Field Typecast Flags'), ('20220323A', 'Add Field Validation'),
    ('20220325A', 'Fix Typecast Flags'), ('20220325B', 'Add Default Language'),
    ('20220402A', 'Remove Default Value Panel Icon'), ('20220429A', 'Add Flows'),
    ('20220429B', 'Add Color to Insights Icon'), ('20220429C', 'Drop Non Null From IP of Activity'),
    ('20220429D', 'Drop Non Null From Sender of Notifications'), ('20220614A', 'Rename Hook Trigger to Event'),
    ('20220801A', 'Update Notifications Timestamp Column'), ('20220802A', 'Add Custom Aspect Ratios'),
    ('20220826A', 'Add Origin to Accountability'), ('20230401A', 'Update Material Icons'),
    ('20230525A', 'Add Preview Settings'), ('20230526A', 'Migrate Translation Strings'),
    ('20230721A', 'Require Shares Fields'), ('20230823A', 'Add Content Versioning'), ('20230927A', 'Themes'),
    ('20231009A', 'Update CSV Fields to Text'), ('20231009B', 'Update Panel Options'), ('20231010A', 'Add Extensions'),
    ('20231215A', 'Add Focalpoints'), ('20240122A', 'Add Report URL Fields'), ('20240204A', 'Marketplace'),
    ('20240305A', 'Change Useragent Type'), ('20240311A', 'Deprecate Webhooks'), ('20240422A', 'Public Registration'),
    ('20240515A', 'Add Session Window'), ('20240701A', 'Add Tus Data'), ('20240716A', 'Update Files Date Fields'),
    ('20240806A', 'Permissions Policies'), ('20240817A', 'Update Icon Fields Length'),
    ('20240909A', 'Separate Comments'), ('20240909B', 'Consolidate Content Versioning'),
    ('20240924A', 'Migrate Legacy Comments'), ('20240924B', 'Populate Versioning Deltas'),
    ('20250224A', 'Visual Editor'), ('20250609A', 'License Banner'), ('20250613A', 'Add Project ID'),
    ('20250718A', 'Add Direction'), ('20250813A', 'Add MCP'), ('20251012A', 'Add Field Searchable'),
    ('20251014A', 'Add Project Owner'), ('20251028A', 'Add Retention Indexes'), ('20251103A', 'Add AI Settings'),
    ('20251224A', 'Remove Webhooks'), ('20260110A', 'Add AI Provider Settings'), ('20260113A', 'Add Revisions Index'),
    ('20260128A', 'Add Collaborative Editing'), ('20260204A', 'Add Deployment'),
    ('20260211A', 'Add Deployment Webhooks');
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
