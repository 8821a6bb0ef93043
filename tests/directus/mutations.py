"""Changes of a file, of a database and of the options, each one drawn by a seed."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from directus import unusual, world
from directus.case import Body, Case, Mutation

VALUES: tuple[Any, ...] = (None, True, False, 0, 7, "", "other", "devices", [], ["m2o"], {"a": 1}, [{"a": 1}])
DEFAULTS: tuple[Any, ...] = (
    None,
    "x",
    5,
    1.5,
    True,
    False,
    "now()",
    "CURRENT_TIMESTAMP",
    "gen_random_uuid()",
    "it's",
    {"a": 1},
)
RAW = ("positions", "migrations_applied", "zones", "readings")


def make_case(seed: int, healthy: Body) -> Case:
    """The case of a seed: one to four mutations of the healthy file and its database."""
    rng = Random(seed)
    case = Case(copy.deepcopy(healthy), healthy)
    for _ in range(rng.choice((1, 1, 1, 2, 2, 2, 3, 4))):
        mutation = rng.choices(*zip(*MUTATIONS, *unusual.UNUSUAL, strict=True))[0]
        try:
            case.words.append(mutation(rng, case))
            case.kinds.append(case.words[-1] if mutation is unusual.statement else mutation.__name__)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            continue  # an earlier mutation took away what this one would change
    return case


# The file


def _entry(rng: Random, case: Case, section: str) -> Any:
    return rng.choice(case.body[section])


def _name(entry: Any) -> str:
    return f"{entry['collection']}.{entry['field']}" if "field" in entry else str(entry["collection"])


def entry_key(rng: Random, case: Case) -> str:
    section = rng.choice(("collections", "fields", "fields", "relations"))
    entry = _entry(rng, case, section)
    part = rng.choice(("meta", "schema"))
    key = rng.choice(sorted(entry[part]))
    return _change_key(rng, entry[part], key, f"{section} {_name(entry)} {part}")


def _change_key(rng: Random, part: Body, key: str, what: str) -> str:
    action = rng.choice(("delete", "value", "value", "new"))
    if action == "delete":
        del part[key]
    elif action == "value":
        part[key] = copy.deepcopy(rng.choice(VALUES))
    else:
        part[rng.choice(("unknown", "id", "system", "a_new_key"))] = rng.choice((1, "x", None))
        return f"{what} gets a key"
    return f"{what}.{key} {action} {part.get(key)!r}"


def every_entry_key(rng: Random, case: Case) -> str:
    section = rng.choice(("collections", "fields", "relations"))
    part = rng.choice(("meta", "schema"))
    key = rng.choice(sorted(k for entry in case.body[section] if entry.get(part) for k in entry[part]))
    for entry in case.body[section]:
        if isinstance(entry.get(part), dict):
            entry[part].pop(key, None)
    return f"every {section} lacks {part}.{key}"


def entry_part(rng: Random, case: Case) -> str:
    section = rng.choice(("collections", "fields", "relations"))
    entry = _entry(rng, case, section)
    part = rng.choice(sorted(entry))
    name = _name(entry)
    action = rng.choice(("delete", "null", "empty"))
    if action == "delete":
        del entry[part]
    else:
        entry[part] = None if action == "null" else {}
    return f"{section} {name} {part} {action}"


def entry_gone(rng: Random, case: Case) -> str:
    section = rng.choice(("collections", "fields", "fields", "relations"))
    entry = _entry(rng, case, section)
    case.body[section].remove(entry)
    return f"{section} without {_name(entry)}"


def collection_gone(rng: Random, case: Case) -> str:
    name = _entry(rng, case, "collections")["collection"]
    for section in ("collections", "fields", "relations"):
        kept = [e for e in case.body[section] if e["collection"] != name and e.get("related_collection") != name]
        case.body[section] = kept
    return f"{name} nowhere in the file"


def section(rng: Random, case: Case) -> str:
    name = rng.choice(("collections", "fields", "relations", "systemFields", "version", "vendor"))
    action = rng.choice(("gone", "null", "empty"))
    if action == "gone":
        case.body.pop(name, None)
    else:
        case.body[name] = None if action == "null" else []
    return f"{name} {action}"


def partial(rng: Random, case: Case) -> str:
    case.body["version"] = 2
    keep = rng.sample([entry["collection"] for entry in case.body["collections"]], 2)
    for name in ("collections", "fields", "relations"):
        case.body[name] = [entry for entry in case.body[name] if entry["collection"] in keep]
    return f"partial: {keep}"


def new_collection(rng: Random, case: Case) -> str:
    name = rng.choice(("drivers", "Trips", "a-b"))
    shape = rng.choice(("whole", "no key", "no fields", "folder", "no meta", "grouped", "two keys", "uuid"))
    case.body["collections"].append(world.collection(name, folder=shape == "folder"))
    entry = case.body["collections"][-1]
    if shape == "no meta":
        entry["meta"] = None
    if shape == "grouped":
        entry["meta"]["group"] = rng.choice(("fleet", "nowhere", "devices", name))
    fields = {
        "whole": [world.key(name)],
        "grouped": [world.key(name)],
        "no meta": [world.key(name)],
        "two keys": [world.key(name), world.key(name, "other")],
        "uuid": [world.field(name, "id", "uuid", is_primary_key=True, is_nullable=False, is_unique=True)],
        "no key": [],
    }.get(shape)
    if fields is not None:
        for number in range(rng.randint(1, 3)):
            fields.append(_some_field(rng, name, f"c{number}"))
        case.body["fields"] += fields
    if fields and rng.random() < 0.3:
        case.body["fields"].append(world.foreign(name, "device", "devices"))
        case.body["relations"].append(world.relation(name, "device", "devices"))
    return f"new collection {name}: {shape}"


def _some_field(rng: Random, table: str, name: str) -> Body:
    kind = rng.choice(sorted(world.COLUMNS))
    schema: Body = {}
    if rng.random() < 0.4:
        schema["default_value"] = copy.deepcopy(rng.choice(DEFAULTS))
    for flag in ("is_nullable", "is_unique", "is_indexed"):
        if rng.random() < 0.25:
            schema[flag] = flag != "is_nullable"
    return world.field(table, name, kind, **schema)


def new_field(rng: Random, case: Case) -> str:
    table = rng.choice(("devices", "organizations", "tags", "fleet", "zones", "migrations_applied", "directus_users"))
    name = rng.choice(("extra", "Mixed", "checksum", "name"))
    made = _some_field(rng, table, name)
    if rng.random() < 0.2:
        made = world.alias(table, name, "alias", "no-data")
    if rng.random() < 0.1:
        made["type"] = rng.choice(("unknown", "geometry.Point", "nonsense", None, "alias"))
    case.body["fields"].append(made)
    return f"new field {table}.{name} {made['type']} {made['schema'] and made['schema'].get('default_value')!r}"


def new_relation(rng: Random, case: Case) -> str:
    table, name, related = rng.choice(
        (
            ("devices", "model", "organizations"),
            ("tags", "count", "tags"),
            ("links", "item", "devices"),
            ("devices", "id", "organizations"),
            ("devices", "nothing", "organizations"),
            ("devices", "imei", None),
            ("organizations", "slug", "zones"),
            ("nowhere", "x", "devices"),
        )
    )
    case.body["relations"].append(world.relation(table, name, related, schema=rng.random() < 0.7))
    return f"new relation {table}.{name} → {related}"


def full_field(rng: Random, case: Case) -> str:
    entry = rng.choice([e for e in case.body["fields"] if e["schema"]])
    kind = rng.choice(sorted(world.COLUMNS))
    local, data_type, more = world.COLUMNS[kind]
    entry["type"] = local
    if rng.random() < 0.7:
        blank = {"max_length": None, "numeric_precision": None, "numeric_scale": None}
        entry["schema"] |= {"data_type": data_type, **blank, **more}
    return f"{_name(entry)} becomes {kind}"


def column_value(rng: Random, case: Case) -> str:
    entry = rng.choice([e for e in case.body["fields"] if e["schema"]])
    key = rng.choice(("default_value", "is_nullable", "is_unique", "is_indexed", "max_length", "is_primary_key"))
    if key == "default_value":
        entry["schema"][key] = copy.deepcopy(rng.choice(DEFAULTS))
    elif key == "max_length":
        entry["schema"][key] = rng.choice((10, 100, None, 0, 36))
    else:
        entry["schema"][key] = not entry["schema"].get(key)
    return f"{_name(entry)} schema.{key} {entry['schema'][key]!r}"


def alias_change(rng: Random, case: Case) -> str:
    entry = _entry(rng, case, "fields")
    if entry["schema"] is None:
        made = world.field(entry["collection"], entry["field"])
    else:
        made = world.alias(entry["collection"], entry["field"], "alias", "no-data")
    case.body["fields"][case.body["fields"].index(entry)] = made
    return f"{_name(entry)} alias or not"


def relation_rule(rng: Random, case: Case) -> str:
    entry = _entry(rng, case, "relations")
    key = rng.choice(("on_delete", "on_update", "constraint_name", "foreign_key_column"))
    entry["schema"][key] = rng.choice(("CASCADE", "RESTRICT", "SET NULL", "NO ACTION", "nonsense", None))
    return f"relation {_name(entry)} {key} {entry['schema'][key]}"


def raw_entry(rng: Random, case: Case) -> str:
    name = rng.choice(RAW)
    shape = rng.choice(("ghost", "ghost null", "full", "full fields", "no meta", "no meta fields"))
    _forget(case, name)
    entry = world.collection(name)
    if shape == "ghost":
        del entry["schema"]
    if shape == "ghost null":
        entry["schema"] = None
    if shape.startswith("no meta"):
        entry["meta"] = None
    if shape.endswith("fields"):
        columns = {"zones": ("id", "name"), "migrations_applied": ("filename", "checksum"), "positions": ("device_id", "ts")}
        case.body["fields"] += [world.field(name, one) for one in columns.get(name, ("id",))]
    case.body["collections"].append(entry)
    return f"{name} in the file: {shape}"


def _forget(case: Case, name: str) -> None:
    for section_name in ("collections", "fields", "relations"):
        case.body[section_name] = [entry for entry in case.body[section_name] if entry["collection"] != name]


def raw_forgotten(rng: Random, case: Case) -> str:
    name = rng.choice(RAW)
    _forget(case, name)
    return f"{name} not in the file"


def whole_file(rng: Random, case: Case) -> str:
    case.body = copy.deepcopy(rng.choice((None, [], {}, "text", {"collections": [], "fields": [], "relations": []})))
    return f"the file is {case.body!r}"


def null_entry(rng: Random, case: Case) -> str:
    name = rng.choice(("collections", "fields", "relations"))
    case.body[name].insert(rng.randint(0, len(case.body[name])), rng.choice((None, {}, "text")))
    return f"{name} has an odd entry"


def twice(rng: Random, case: Case) -> str:
    name = rng.choice(("collections", "fields", "relations"))
    case.body[name].append(copy.deepcopy(_entry(rng, case, name)))
    return f"{name} has an entry twice"


def system_fields(rng: Random, case: Case) -> str:
    entries = case.body["systemFields"]
    if rng.random() < 0.5:
        entries.remove(rng.choice(entries))
        return "systemFields lacks one"
    schema = rng.choice(({"is_indexed": True}, {"is_indexed": False}, {}, {"is_indexed": True, "x": 1}))
    entry = {"collection": "directus_users", "field": rng.choice(("email", "title", "nowhere")), "schema": schema}
    entries.append(entry)
    return f"systemFields gets {entry['field']} {schema}"


# The database

COLLECTION_META = ("icon", "note", "hidden", "sort", "sort_field", "group", "color", "accountability", "translations")


def track(rng: Random, case: Case) -> str:
    name = rng.choice((*RAW, "nowhere"))
    case.sql.append(f"insert into directus_collections (collection) values ('{name}')")
    return f"{name} tracked"


def track_field(rng: Random, case: Case) -> str:
    table, name = rng.choice(
        (
            ("migrations_applied", "checksum"),
            ("migrations_applied", "filename"),
            ("zones", "name"),
            ("zones", "id"),
            ("positions", "faulty"),
            ("readings", "value"),
            ("devices", "nowhere"),
        )
    )
    special = rng.choice(("null", "null", "'alias,no-data'", "'o2m'", "'cast-json'", "'uuid'"))
    case.sql.append(f"insert into directus_fields (collection, field, special) values ('{table}', '{name}', {special})")
    return f"field row {table}.{name} {special}"


def untrack(rng: Random, case: Case) -> str:
    name = rng.choice(("devices", "tags", "fleet", "links", "organizations"))
    table = rng.choice(("directus_collections", "directus_fields", "directus_relations"))
    column = "many_collection" if table == "directus_relations" else "collection"
    where = f"{column} = '{name}'"
    if table == "directus_fields" and rng.random() < 0.6:
        where += f" and field = '{rng.choice(('id', 'imei', 'name', 'model', 'tags', 'parent'))}'"
    if table == "directus_collections":
        case.sql.append(f"""update directus_collections set "group" = null where "group" = '{name}'""")
    case.sql.append(f"delete from {table} where {where}")
    return f"no row in {table} for {where}"


def row_value(rng: Random, case: Case) -> str:
    table, columns = rng.choice(
        (
            ("directus_collections", ("icon", "note", "color", "sort_field", "display_template", "archive_field")),
            ("directus_fields", ("note", "interface", "display", "special", '"group"', "width")),
            ("directus_relations", ("one_field", "junction_field", "sort_field", "one_collection", "one_deselect_action")),
        )
    )
    column = rng.choice(columns)
    value = rng.choice(("'x'", "null", "'devices'", "'m2o'", "'imei'"))
    if value == "null" and column in {"width", "one_deselect_action"}:
        value = "'half'"
    key = "many_collection" if table == "directus_relations" else "collection"
    name = rng.choice(("devices", "tags", "links", "devices_tags", "organizations"))
    case.sql.append(f"update {table} set {column} = {value} where {key} = '{name}'")
    return f"{table} of {name}: {column} = {value}"


def drift_column(rng: Random, case: Case) -> str:
    table = rng.choice(("devices", "tags", "organizations", "organization_users", "directus_users"))
    kind = rng.choice(
        ("varchar(255)", "text", "integer", "boolean default true", "uuid", "numeric(8,3)", "jsonb", "text[]", "numeric")
    )
    case.sql.append(f"alter table {table} add column extra {kind}")
    if rng.random() < 0.7:
        case.sql.append(f"insert into directus_fields (collection, field) values ('{table}', 'extra')")
    return f"live column {table}.extra {kind}"


COLUMNS = (
    *(("devices", name) for name in ("id", "imei", "model", "organization", "owner")),
    *(("tags", name) for name in ("id", "name", "active", "weight", "data", "count", "big", "body", "parent", "created")),
    *(("zones", name) for name in ("id", "name", "kind")),
    *(("migrations_applied", name) for name in ("filename", "checksum", "applied_at")),
    ("positions", "faulty"),
    ("organization_users", "role"),
)


def column_sql(rng: Random, case: Case) -> str:
    table, name = rng.choice(COLUMNS)
    change = rng.choice(
        (
            "drop column {n} cascade",
            "rename column {n} to renamed",
            "alter column {n} drop not null",
            "alter column {n} set default null",
            "alter column {n} drop default",
            "alter column {n} type text using {n}::text",
            "alter column {n} type varchar(500) using {n}::text",
            "alter column {n} type varchar using {n}::text",
            "add constraint own_unique unique ({n})",
            "add constraint {t}_{n}_unique unique ({n})",
            "add constraint own_check check ({n} is not null) not valid",
            "add unique (id, {n})",
        )
    ).format(t=table, n=name)
    case.sql.append(f"alter table {table} {change}")
    return f"{table}: {change}"


def index_sql(rng: Random, case: Case) -> str:
    table, name = rng.choice(COLUMNS)
    statement = rng.choice(
        (
            "create index own_index on {t} ({n})",
            "create index {t}_{n}_index on {t} ({n})",
            "create unique index own_unique on {t} ({n})",
            "create index own_index on {t} ({n}) where {n} is not null",
            "create index own_index on {t} (({n}::text))",
            "drop index if exists tags_count_index",
            "alter table tags drop constraint if exists tags_name_unique",
            "alter table devices drop constraint if exists devices_imei_unique",
            "alter table devices rename constraint devices_imei_unique to own_name",
        )
    ).format(t=table, n=name)
    case.sql.append(statement)
    return statement


def foreign_sql(rng: Random, case: Case) -> str:
    statement = rng.choice(
        (
            "alter table devices drop constraint devices_organization_foreign",
            "alter table devices rename constraint devices_organization_foreign to own_name",
            "alter table tags drop constraint tags_parent_foreign",
            "alter table zones add column device uuid references devices (id)",
            "alter table positions add column device uuid references devices (id)",
            "alter table processor.runs add column device uuid references public.devices (id)",
            "alter table organizations add column zone integer references zones (id)",
            "alter table devices add column run integer references processor.runs (id)",
        )
    )
    case.sql.append(statement)
    return statement


def dependant(rng: Random, case: Case) -> str:
    table, name = rng.choice(COLUMNS)
    statement = rng.choice(
        (
            "create view v as select * from {t}",
            "create view v as select {n} from {t}",
            "create materialized view v as select {n} from {t}",
            "create view v as select 1 as one from {t}",
            "create function f(r {t}) returns int language sql begin atomic select 1; end",
            "create function f() returns bigint language sql begin atomic select count({n}) from {t}; end",
            "alter table {t} add column g text generated always as (upper({n}::text)) stored",
            "create policy p on {t} using ({n} is not null)",
            (
                "create function f() returns trigger language plpgsql as 'begin return new; end'; "
                "create trigger g after update of {n} on {t} for each row execute function f()"
            ),
            "create table child () inherits ({t})",
        )
    ).format(t=table, n=name)
    case.sql.append(statement)
    return statement


def event_trigger(rng: Random, case: Case) -> str:
    event = rng.choice(("sql_drop", "sql_drop", "ddl_command_end", "ddl_command_start"))
    body = rng.choice(("raise exception ''no''", "null", "raise notice ''x''"))
    tags = rng.choice(("", "", " when tag in ('DROP TABLE')", " when tag in ('ALTER TABLE')"))
    case.sql.append(f"create function guard() returns event_trigger language plpgsql as 'begin {body}; end'")
    case.sql.append(f"superuser: create event trigger guard on {event}{tags} execute function guard()")
    return f"event trigger on {event}{tags}: {body}"


def owner(rng: Random, case: Case) -> str:
    name = rng.choice((*RAW, "devices", "tags"))
    grants = rng.choice(("", f"; grant select on {name} to directus_app", f"; grant all on {name} to directus_app"))
    case.sql.append(f"superuser: alter table {name} owner to postgres{grants}")
    return f"{name} is not the role's{grants}"


def no_create(rng: Random, case: Case) -> str:
    case.sql.append("superuser: alter schema public owner to postgres; grant usage on schema public to directus_app")
    return "the role may not create tables"


def table_sql(rng: Random, case: Case) -> str:
    statement = rng.choice(
        (
            "drop table positions",
            "drop table tags cascade",
            "drop table devices cascade",
            "drop table zones",
            "alter table zones rename to drivers",
            "alter table tags rename to labels",
            "create table drivers (id serial primary key, name text)",
            "create table drivers (name text)",
            "create table drivers (a int, b int, primary key (a, b))",
            "create table parts (id int primary key) partition by range (id)",
            'create table "with space" (id int primary key)',
            "create table processor.zones (id int primary key, name text)",
            "alter table devices drop constraint devices_pkey cascade",
            "alter table zones drop constraint zones_pkey",
            "alter table positions add column id serial primary key",
            "alter table positions add primary key (device_id, ts)",
            "truncate devices, organizations, tags, devices_tags, links, organization_users",
            "create table items (id int generated by default as identity primary key, n int)",
            "create view drivers as select 1 as id",
            "create sequence drivers",
        )
    )
    case.sql.append(statement)
    return statement


# Options


def ignore_rules(rng: Random, case: Case) -> str:
    names = (
        "positions",
        "devices",
        "tags",
        "devices.model",
        "zones",
        "migrations_applied",
        "tags.count",
        "directus_activity",
    )
    case.options["ignoreRules"] = ",".join(rng.sample(names, rng.randint(1, 3)))
    return f"--ignoreRules {case.options['ignoreRules']}"


def excluded(rng: Random, case: Case) -> str:
    names = ("positions", "migrations_applied", "devices", "tags", "zones", "spatial_ref_sys", "organizations")
    case.options["excluded"] = rng.sample(names, rng.randint(1, 4))
    return f"DB_EXCLUDE_TABLES={','.join(case.options['excluded'])}"


MUTATIONS: tuple[tuple[Mutation, float], ...] = (
    (entry_key, 8),
    (every_entry_key, 2),
    (entry_part, 4),
    (entry_gone, 3),
    (collection_gone, 2),
    (section, 1),
    (partial, 0.5),
    (new_collection, 3),
    (new_field, 4),
    (new_relation, 2),
    (full_field, 3),
    (column_value, 4),
    (alias_change, 1.5),
    (relation_rule, 1.5),
    (raw_entry, 4),
    (raw_forgotten, 1.5),
    (whole_file, 0.2),
    (null_entry, 0.3),
    (twice, 0.7),
    (system_fields, 1.5),
    (track, 3),
    (track_field, 3),
    (untrack, 3),
    (row_value, 3),
    (drift_column, 3),
    (column_sql, 4),
    (index_sql, 3),
    (foreign_sql, 2),
    (dependant, 3),
    (event_trigger, 1.5),
    (owner, 2),
    (no_create, 0.5),
    (table_sql, 4),
    (ignore_rules, 2),
    (excluded, 2),
)
