"""A small Directus of everything: collections, folders, keys and relations of each kind, and raw tables beside them."""

from __future__ import annotations

import copy
from typing import Any

import fix_directus

RAW = """
create table positions (device_id text not null, ts timestamptz not null, faulty boolean default false);
insert into positions select 'd' || n, now() - n * interval '1 minute', false from generate_series(1, 20) as n;
create table migrations_applied (filename text primary key, checksum text not null, applied_at timestamptz default now());
insert into migrations_applied values ('001.sql', 'a'), ('002.sql', 'b');
create table zones (id integer primary key, name text, kind varchar(20) default 'inner');
insert into zones values (1, 'north', 'inner'), (2, 'south', 'outer');
create table readings (id integer, at date, value real, primary key (id, at));
create schema processor;
create table processor.runs (id integer primary key, name text);
"""
DATA = """
insert into organizations (id, name, slug) values
    ('00000000-0000-4000-8000-000000000001', 'One', 'one'), ('00000000-0000-4000-8000-000000000002', 'Two', 'two');
insert into devices (id, imei, model, organization) values
    ('00000000-0000-4000-8000-000000000011', '111', 'A', '00000000-0000-4000-8000-000000000001'),
    ('00000000-0000-4000-8000-000000000012', '222', null, null);
insert into tags (name, active, weight, count) values ('red', true, 1.5, 3), ('blue', false, null, 0);
insert into devices_tags (devices_id, tags_id) values ('00000000-0000-4000-8000-000000000011', 1);
"""

UUID = ("uuid", "uuid", {})
COLUMNS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "uuid": UUID,
    "string": ("string", "character varying", {"max_length": 255}),
    "text": ("text", "text", {}),
    "integer": ("integer", "integer", {"numeric_precision": 32, "numeric_scale": 0}),
    "bigInteger": ("bigInteger", "bigint", {"numeric_precision": 64, "numeric_scale": 0}),
    "float": ("float", "real", {"numeric_precision": 24}),
    "decimal": ("decimal", "numeric", {"numeric_precision": 10, "numeric_scale": 2}),
    "boolean": ("boolean", "boolean", {}),
    "json": ("json", "json", {}),
    "csv": ("csv", "text", {}),
    "hash": ("hash", "character varying", {"max_length": 255}),
    "date": ("date", "date", {}),
    "time": ("time", "time without time zone", {}),
    "dateTime": ("dateTime", "timestamp without time zone", {}),
    "timestamp": ("timestamp", "timestamp with time zone", {}),
}
SPECIAL = {"json": ["cast-json"], "csv": ["cast-csv"], "boolean": ["cast-boolean"], "hash": ["hash"]}


def collection(name: str, *, folder: bool = False, **meta: Any) -> dict[str, Any]:
    """An entry as Directus writes it."""
    made = copy.deepcopy(fix_directus.real()["collections"][0])
    made["collection"] = name
    made["meta"] |= {"collection": name, "icon": None, **meta}
    made["schema"] = None if folder else {"name": name}
    return made


def field(
    table: str, name: str, kind: str = "string", *, meta: dict[str, Any] | None = None, **schema: Any
) -> dict[str, Any]:
    """An entry of a column as Directus writes it."""
    local, data_type, more = COLUMNS[kind]
    made = copy.deepcopy(fix_directus.real()["fields"][2])
    made |= {"collection": table, "field": name, "type": local}
    made["meta"] |= {"collection": table, "field": name, "special": SPECIAL.get(kind), **(meta or {})}
    blank = {"max_length": None, "numeric_precision": None, "numeric_scale": None}
    made["schema"] |= {"name": name, "table": table, "data_type": data_type, **blank, **more, **schema}
    return made


def key(table: str, name: str = "id") -> dict[str, Any]:
    """A primary key that counts."""
    return field(
        table,
        name,
        "integer",
        default_value=f"nextval('{table}_{name}_seq'::regclass)",
        is_nullable=False,
        is_unique=True,
        is_primary_key=True,
        has_auto_increment=True,
    )


def alias(table: str, name: str, *special: str) -> dict[str, Any]:
    """A field without a column."""
    made = field(table, name, meta={"special": list(special)})
    return made | {"type": "alias", "schema": None}


def relation(table: str, name: str, related: str | None, *, schema: bool = True, **meta: Any) -> dict[str, Any]:
    """A relation, with its foreign key."""
    made = copy.deepcopy(fix_directus.real()["relations"][0])
    made |= {"collection": table, "field": name, "related_collection": related}
    made["meta"] |= {"many_collection": table, "many_field": name, "one_collection": related, "one_field": None, **meta}
    made["schema"] = {
        "table": table,
        "column": name,
        "foreign_key_table": related,
        "foreign_key_column": "id",
        "constraint_name": f"{table}_{name}_foreign",
        "on_update": "NO ACTION",
        "on_delete": "SET NULL",
    }
    if not schema:
        made["schema"] = None
    return made


def foreign(table: str, name: str, related: str, kind: str = "uuid") -> dict[str, Any]:
    """A column that refers."""
    return field(table, name, kind, meta={"special": ["m2o"]}, foreign_key_table=related, foreign_key_column="id")


def healthy() -> dict[str, Any]:
    """The file of which every version makes its database; each then writes its own."""
    body = copy.deepcopy(fix_directus.real())
    body["collections"] += [
        collection("fleet", folder=True),
        collection("tags", group="fleet", sort_field="count", archive_field="name"),
        collection("devices_tags", hidden=True),
        collection("links", group="fleet", note="anything"),
    ]
    body["fields"] += [
        alias("organizations", "devices", "o2m"),
        alias("devices", "tags", "m2m"),
        alias("devices", "divider", "alias", "no-data"),
        foreign("devices", "owner", "directus_users"),
        key("tags"),
        field("tags", "name", "string", is_unique=True, is_nullable=False),
        field("tags", "active", "boolean", default_value=False),
        field("tags", "weight", "decimal"),
        field("tags", "score", "float"),
        field("tags", "data", "json"),
        field("tags", "labels", "csv"),
        field("tags", "day", "date"),
        field("tags", "at", "dateTime"),
        field("tags", "created", "timestamp", default_value="CURRENT_TIMESTAMP"),
        field("tags", "count", "integer", default_value=0, is_indexed=True),
        field("tags", "big", "bigInteger"),
        field("tags", "body", "text", default_value="none", meta={"group": "details"}),
        alias("tags", "details", "alias", "no-data", "group"),
        foreign("tags", "parent", "tags", "integer"),
        key("devices_tags"),
        foreign("devices_tags", "devices_id", "devices"),
        foreign("devices_tags", "tags_id", "tags", "integer"),
        key("links"),
        field("links", "item", "string"),
        field("links", "collection", "string"),
    ]
    body["relations"] += [
        relation("devices", "owner", "directus_users"),
        relation("tags", "parent", "tags"),
        relation("devices_tags", "devices_id", "devices", one_field="tags", junction_field="tags_id"),
        relation("devices_tags", "tags_id", "tags", junction_field="devices_id"),
        relation(
            "links",
            "item",
            None,
            schema=False,
            one_collection=None,
            one_collection_field="collection",
            one_allowed_collections=["devices", "organizations"],
        ),
    ]
    for one in body["relations"]:
        if (one["collection"], one["field"]) == ("devices", "organization"):
            one["meta"]["one_field"] = "devices"
    return body
