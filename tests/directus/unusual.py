"""Mutations beyond what a careful team does: files by hand or of other tools, and databases with unusual objects."""

from __future__ import annotations

import copy
from pathlib import Path
from random import Random
from typing import Any

from directus import world
from directus.case import Case

OWN = ("devices", "tags", "organizations", "links", "devices_tags", "organization_users")
WRONG: tuple[Any, ...] = (
    "true",
    "false",
    "1",
    "0",
    0,
    1,
    1.5,
    -1,
    "null",
    [],
    {},
    [None],
    "ünï",
    "it's",
    'a "b"',
    "x" * 300,
)


# The file


def wrong_type(rng: Random, case: Case) -> str:
    """A value of another type where Directus writes one of its own."""
    section = rng.choice(("collections", "fields", "fields", "relations"))
    entry = rng.choice(case.body[section])
    part = rng.choice(("meta", "schema"))
    key = rng.choice(sorted(entry[part]))
    entry[part][key] = copy.deepcopy(rng.choice(WRONG))
    return f"{section} {entry['collection']} {part}.{key} {entry[part][key]!r:.40}"


def entry_name(rng: Random, case: Case) -> str:
    """An entry that names something else than its meta and schema do."""
    section = rng.choice(("collections", "fields", "relations"))
    entry = rng.choice(case.body[section])
    key = rng.choice(("collection", "field", "type", "related_collection"))
    value = rng.choice(
        ("devices", "Devices", " devices", "tags", "zones", "directus_users", "a.b", "name", "", None, 5, True)
    )
    if key in entry:
        entry[key] = value
    return f"{section} entry: {key} {value!r}"


def odd_collection(rng: Random, case: Case) -> str:
    """A new collection with a name that is no plain word."""
    name = rng.choice(
        ("Über", "two words", " lead", "trail ", "a/b", 'q"q', "a.b", "UPPER", "x" * 70, "directus_mine", "1st")
    )
    case.body["collections"].append(world.collection(name))
    case.body["fields"].append(world.key(name))
    if rng.random() < 0.5:
        case.body["fields"].append(
            world.field(name, rng.choice(("Some Name", "a.b", "ä", "y" * 70)), is_unique=rng.random() < 0.5)
        )
    return f"new collection {name[:20]!r}"


def foreign_vendor(rng: Random, case: Case) -> str:
    """What a snapshot of MySQL, SQLite or MS SQL says of columns."""
    case.body["vendor"] = rng.choice(("mysql", "sqlite", "mssql", "oracle", "cockroachdb"))
    types = {
        "character varying": "varchar",
        "integer": "int",
        "boolean": "tinyint",
        "uuid": "char",
        "timestamp with time zone": "timestamp",
        "text": "longtext",
    }
    some = rng.random()
    for entry in case.body["fields"]:
        schema = entry["schema"]
        if schema and schema["data_type"] in types and rng.random() < some:
            if schema["data_type"] == "uuid":
                schema["max_length"] = 36
                entry["type"] = rng.choice(("string", "uuid"))
            schema["data_type"] = types[schema["data_type"]]
    return f"written for {case.body['vendor']}"


def new_foreign_vendor(rng: Random, case: Case) -> str:
    """A new collection as another vendor writes it: its keys are ``char(36)``."""
    kind = rng.choice(("char", "varchar", "CHAR"))
    made = world.field("drivers", "id", "string", data_type=kind, max_length=36, is_primary_key=True, is_nullable=False)
    case.body["collections"].append(world.collection("drivers"))
    case.body["fields"].append(made)
    if rng.random() < 0.6:
        other = world.foreign("drivers", "device", "devices", "string")
        other["schema"] |= {"data_type": kind, "max_length": 36}
        case.body["fields"].append(other)
        case.body["relations"].append(world.relation("drivers", "device", "devices"))
    return f"new collection with {kind}(36)"


def rename(rng: Random, case: Case) -> str:
    """A collection or field under another name, as a search and replace makes it."""
    if rng.random() < 0.5:
        old = rng.choice(OWN)
        new = rng.choice(("renamed", old.upper(), "zones", "positions"))
        _replace(case.body, old, new)
        return f"{old} is called {new}"
    entry = rng.choice(case.body["fields"])
    old, new = entry["field"], rng.choice(("renamed", "id", "name", "UPPER"))
    for section in ("fields", "relations"):
        for one in case.body[section]:
            if one["collection"] == entry["collection"] and one.get("field") == old:
                _replace(one, old, new)
    return f"{entry['collection']}.{old} is called {new}"


def _replace(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        for key in value:
            value[key] = _replace(value[key], old, new)
        return value
    if isinstance(value, list):
        value[:] = [_replace(item, old, new) for item in value]
        return value
    return new if value == old else value


def shuffled(rng: Random, case: Case) -> str:
    """Entries, or the keys of entries, in another order."""
    section = rng.choice(("collections", "fields", "relations", "keys"))
    if section == "keys":
        for name in ("collections", "fields", "relations"):
            for entry in case.body[name]:
                items = list(entry.items())
                rng.shuffle(items)
                entry.clear()
                entry.update(items)
    else:
        rng.shuffle(case.body[section])
    return f"{section} in another order"


def geometry(rng: Random, case: Case) -> str:
    """A field of PostGIS, with or without the extension, with or without the column."""
    kind = rng.choice(("geometry", "geometry.Point", "geometry.LineString", "geometry.Polygon", "geometry.MultiPolygon"))
    if rng.random() < 0.7:
        case.sql.append("superuser: create extension postgis")
    made = world.field("devices", "place", "text")
    made |= {"type": kind}
    made["schema"]["data_type"] = kind.partition(".")[2].upper() or "geometry"
    case.body["fields"].append(made)
    if rng.random() < 0.4:
        column = rng.choice(("geometry", "geometry(Point, 4326)", "geography(Point, 4326)", "point", "polygon"))
        case.sql.append(f"alter table devices add column place {column}")
        if rng.random() < 0.6:
            special = rng.choice(("null", "'geometry.Point'", "'geometry'"))
            case.sql.append(
                f"insert into directus_fields (collection, field, special) values ('devices', 'place', {special})"
            )
    return f"field devices.place {kind}"


def long_defaults(rng: Random, case: Case) -> str:
    """Defaults with casts and functions, in the file or the database."""
    kind, value = rng.choice(
        (
            ("timestamp", "now()"),
            ("timestamp", "CURRENT_TIMESTAMP(3)"),
            ("timestamp", "'2024-01-01'::timestamp"),
            ("date", "CURRENT_DATE"),
            ("date", "2024-02-30"),
            ("date", "2024-01-15"),
            ("dateTime", "2024-01-15T10:00:00"),
            ("time", "10:00:00"),
            ("string", "'a'::character varying"),
            ("string", "gen_random_uuid()"),
            ("string", "x" * 300),
            ("uuid", "gen_random_uuid()"),
            ("uuid", "00000000-0000-4000-8000-000000000001"),
            ("json", "{}"),
            ("json", '{"a": 1}'),
            ("json", "[1, 2]"),
            ("boolean", "0"),
            ("boolean", "false"),
            ("boolean", 1),
            ("integer", "5"),
            ("integer", "-5"),
            ("integer", 2147483648),
            ("bigInteger", "9223372036854775807"),
            ("float", "1e3"),
            ("float", -2.5),
            ("decimal", "1.50"),
            ("decimal", 0),
            ("csv", "a,b"),
            ("csv", ["a", "b"]),
            ("hash", "secret"),
            ("text", ""),
        )
    )
    made = world.field("devices", "extra", kind, default_value=value, is_nullable=rng.random() < 0.6)
    if rng.random() < 0.3:
        made["schema"]["is_indexed"] = True
    case.body["fields"].append(made)
    if rng.random() < 0.3:
        case.sql.append("alter table devices add column extra text default 'none'")
        case.sql.append("insert into directus_fields (collection, field) values ('devices', 'extra')")
    return f"new field {kind} default {value!r:.40}"


def live_default(rng: Random, case: Case) -> str:
    """A default that SQL gave a column that Directus manages."""
    table, column, value = rng.choice(
        (
            ("tags", "count", "5"),
            ("tags", "count", "-5"),
            ("tags", "count", "'7'"),
            ("tags", "count", "1 + 1"),
            ("tags", "name", "'x'::varchar"),
            ("tags", "name", "'it''s'"),
            ("tags", "name", "upper('x')"),
            ("tags", "name", "''"),
            ("tags", "body", "'a::b'"),
            ("tags", "active", "true"),
            ("tags", "created", "now()"),
            ("tags", "created", "'2024-01-01'"),
            ("tags", "created", "current_date"),
            ("tags", "data", "'{}'"),
            ("tags", "data", "'[1]'"),
            ("tags", "day", "current_date"),
            ("tags", "big", "9223372036854775807"),
            ("tags", "weight", "1.50"),
            ("tags", "score", "2.5"),
            ("devices", "id", "gen_random_uuid()"),
            ("devices", "imei", "gen_random_uuid()::text"),
        )
    )
    case.sql.append(f"alter table {table} alter column {column} set default {value}")
    if rng.random() < 0.5:
        for entry in case.body["fields"]:
            if (entry["collection"], entry["field"]) == (table, column):
                entry["schema"]["default_value"] = rng.choice((None, value, value.strip("'"), 5))
    return f"{table}.{column} default {value}"


def many_collections(rng: Random, case: Case) -> str:
    """Around the number of collections that Directus 12 allows without a license."""
    new = rng.choice((18, 19, 20, 21))
    for number in range(new):
        name = f"more{number}"
        entry = world.collection(name)
        if "status" in entry["meta"] or rng.random() < 0.1:
            entry["meta"]["status"] = rng.choice(("active", "active", "active", "inactive"))
        case.body["collections"].append(entry)
        case.body["fields"].append(world.key(name))
    return f"{new} new collections"


def status(rng: Random, case: Case) -> str:
    """The status of a collection (Directus 12)."""
    entry = rng.choice(case.body["collections"])
    entry["meta"]["status"] = rng.choice(("active", "inactive", None, "x"))
    return f"{entry['collection']} status {entry['meta']['status']}"


def duplication(rng: Random, case: Case) -> str:
    """Fields that are copied with an item; some of them are to be deleted."""
    paths = ["imei", "organization.name", "tags.tags_id.name", "owner", "tags", "nowhere", "model"]
    chosen = rng.sample(paths, rng.randint(1, 4))
    literal = "[" + ", ".join(f'"{one}"' for one in chosen) + "]"
    table = rng.choice(("devices", "organizations", "tags"))
    case.sql.append(f"update directus_collections set item_duplication_fields = '{literal}' where collection = '{table}'")
    name = rng.choice(("imei", "model", "organization", "name", "tags", "owner"))
    for section in ("fields", "relations"):
        case.body[section] = [
            e for e in case.body[section] if not (e["collection"] in {"devices", "tags"} and e.get("field") == name)
        ]
    return f"{table} copies {chosen}, without {name}"


def two_files(rng: Random, case: Case) -> str:
    """The second boot applies another file: an older one, or one after a mend."""
    case.later = copy.deepcopy(case.body)
    section = rng.choice(("collections", "fields", "relations"))
    shape = rng.choice(("drop", "healthy", "key"))
    if shape == "drop":
        case.later[section].remove(rng.choice(case.later[section]))
    elif shape == "healthy":
        case.later = copy.deepcopy(case.healthy)
    else:
        entry = rng.choice(case.later[section])
        entry["meta"].pop(rng.choice(sorted(entry["meta"])))
    return f"then another file: {shape} {section}"


# The database


def search_path(rng: Random, case: Case) -> str:
    """Directus looks into a second schema, which has tables of its own, some of the same name."""
    case.options["searchPath"] = ["public", "processor"]
    name = rng.choice(("zones", "positions", "jobs", "devices", "drivers"))
    columns = rng.choice(("id serial primary key, name text", "id int, name text", "id uuid primary key"))
    case.sql.append(f"create table processor.{name} ({columns})")
    if rng.random() < 0.5:
        case.sql.append(f"insert into directus_collections (collection) values ('{name}') on conflict do nothing")
    if rng.random() < 0.3:
        case.body["collections"].append(world.collection(name))
    return f"DB_SEARCH_PATH public, processor, which has {name}"


def hypertable(rng: Random, case: Case) -> str:
    """Positions as a hypertable, with chunks, keys and settings."""
    case.sql.append("superuser: create extension timescaledb")
    case.sql.append("select create_hypertable('positions', 'ts', migrate_data => true)")
    for statement in (
        "create unique index own_unique on positions (device_id, ts)",
        "alter table positions add primary key (device_id, ts)",
        "alter table positions add constraint own_key unique (ts, device_id)",
        "create index own_index on positions (faulty)",
        "create view latest as select * from positions",
        "alter table positions add column id serial",
        "alter table positions add column device uuid references devices (id)",
    ):
        if rng.random() < 0.2:
            case.sql.append(statement)
    shape = rng.choice(("tracked", "tracked", "ghost", "field", "full", "untracked"))
    if shape in {"tracked", "field"}:
        case.sql.append("insert into directus_collections (collection) values ('positions')")
    if shape == "field":
        case.sql.append("insert into directus_fields (collection, field) values ('positions', 'faulty')")
    if shape == "ghost":
        case.body["collections"].append(world.collection("positions") | {"schema": None})
    if shape == "full":
        case.body["collections"].append(world.collection("positions"))
        case.body["fields"] += [world.field("positions", "device_id"), world.field("positions", "ts", "timestamp")]
    return f"hypertable positions: {shape}"


STATEMENTS = [
    line.removesuffix(";")
    for line in Path(__file__).with_name("statements.sql").read_text("utf-8").splitlines()
    if not line.startswith("--")
]


def statement(rng: Random, case: Case) -> str:
    """SQL that made an object of some kind."""
    text = rng.choice(STATEMENTS)
    case.sql.append(text)
    return text


def lost_after(rng: Random, case: Case) -> str:
    """An object of some kind, and a file in which one of its possible victims is gone."""
    text = statement(rng, case)
    section = rng.choice(("collections", "fields", "fields", "relations"))
    entry = rng.choice([e for e in case.body[section] if e["collection"] in {"tags", "devices"}])
    case.body[section].remove(entry)
    return f"{text}; {section} without {entry['collection']}.{entry.get('field', '')}"


def event_trigger_body(rng: Random, case: Case) -> str:
    """An event trigger that refuses some drops and not others."""
    condition = rng.choice(
        (
            "for r in select * from pg_event_trigger_dropped_objects() loop raise exception ''no''; end loop",
            "if tg_tag = ''DROP TABLE'' then raise exception ''no''; end if",
            "if false then raise exception ''no''; end if",
            "raise warning ''dropped''",
        )
    )
    body = f"declare r record; begin {condition}; end"
    case.sql.append(f"create function guard() returns event_trigger language plpgsql as '{body}'")
    case.sql.append("superuser: create event trigger guard on sql_drop execute function guard()")
    if rng.random() < 0.5:
        case.sql.append("insert into directus_collections (collection) values ('positions')")
    return f"event trigger: {condition:.60}"


UNUSUAL = (
    (wrong_type, 4),
    (entry_name, 2),
    (odd_collection, 2),
    (foreign_vendor, 1),
    (new_foreign_vendor, 1),
    (rename, 2),
    (shuffled, 1),
    (geometry, 0.8),
    (long_defaults, 3),
    (live_default, 3),
    (many_collections, 1),
    (status, 1),
    (duplication, 1),
    (two_files, 2),
    (search_path, 1.5),
    (hypertable, 1),
    (statement, 9),
    (lost_after, 5),
    (event_trigger_body, 0.7),
)
