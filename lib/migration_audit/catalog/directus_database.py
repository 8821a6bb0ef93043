"""Read what ``directus schema apply`` would find in a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

from migration_audit.model.directus_database import (
    Dependant,
    DirectusColumn,
    DirectusDatabase,
    DirectusForeignKey,
    DirectusIndex,
    DirectusKey,
    DirectusTable,
    EventTrigger,
)

SYSTEM_TABLES = ("directus_collections", "directus_fields", "directus_relations")

_TABLES = """
select rel.oid::pg_catalog.int8 as oid, nsp.nspname as schema, rel.relname as name, rel.relkind = 'p' as partitioned,
       coalesce((select usr.rolsuper or pg_catalog.pg_has_role(usr.oid, rel.relowner, 'usage')
                   from pg_catalog.pg_roles as usr where usr.rolname = %(role)s), true) as may_alter,
       coalesce((select usr.rolsuper or pg_catalog.pg_has_role(usr.oid, rel.relowner, 'usage')
                     or pg_catalog.pg_has_role(usr.oid, nsp.nspowner, 'usage')
                   from pg_catalog.pg_roles as usr where usr.rolname = %(role)s), true) as may_drop,
       coalesce((select usr.rolsuper or pg_catalog.pg_has_role(usr.oid, rel.relowner, 'usage')
                     or pg_catalog.has_table_privilege(
                            usr.oid, rel.oid, 'select, insert, update, delete, truncate, references, trigger')
                     or pg_catalog.has_any_column_privilege(usr.oid, rel.oid, 'select, insert, update, references')
                   from pg_catalog.pg_roles as usr where usr.rolname = %(role)s), true) as visible,
       (select ext.extname from pg_catalog.pg_depend as dep
          join pg_catalog.pg_extension as ext on ext.oid = dep.refobjid
         where dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and dep.objid = rel.oid and dep.deptype = 'e'
           and dep.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass) as extension,
       (select pg_catalog.array_agg(att.attname::pg_catalog.text order by att.attnum)
          from pg_catalog.pg_partitioned_table as par
          join pg_catalog.pg_attribute as att on att.attrelid = rel.oid and att.attnum = any (par.partattrs)
         where par.partrelid = rel.oid) as partition_columns
  from pg_catalog.pg_class as rel
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
 where nsp.nspname = any (%(schemas)s) and rel.relkind in ('r', 'p')
 order by pg_catalog.array_position(%(schemas)s, nsp.nspname::pg_catalog.text), rel.relname collate "C"
"""
_COLUMNS = """
select att.attrelid::pg_catalog.int8 as oid, att.attname as name, att.atttypid::pg_catalog.regtype::pg_catalog.text as type,
       pg_catalog.pg_get_expr(def.adbin, def.adrelid) as "default", not att.attnotnull as nullable,
       case when att.atttypid in (1042, 1043) then att.atttypmod - 4
            when att.atttypid in (1560, 1562) then att.atttypmod end as max_length,
       case att.atttypid when 21 then 16 when 23 then 32 when 20 then 64 when 700 then 24 when 701 then 53
            when 1700 then case when att.atttypmod <> -1 then ((att.atttypmod - 4) >> 16) & 65535 end end as precision,
       case when att.atttypid in (21, 23, 20) then 0
            when att.atttypid = 1700 and att.atttypmod <> -1 then (att.atttypmod - 4) & 65535 end as scale,
       att.attgenerated = 's' as generated, att.attidentity <> '' as identity,
       pg_catalog.pg_get_serial_sequence(att.attrelid::pg_catalog.regclass::pg_catalog.text, att.attname::pg_catalog.text)
           is not null as serial
  from pg_catalog.pg_attribute as att
  left join pg_catalog.pg_attrdef as def on def.adrelid = att.attrelid and def.adnum = att.attnum
 where att.attrelid = any (%(oids)s) and att.attnum > 0 and not att.attisdropped
 order by att.attrelid, att.attnum
"""
_NAMES = """(select pg_catalog.array_agg(att.attname::pg_catalog.text order by pos.number)
          from pg_catalog.unnest({numbers}) with ordinality as pos (attnum, number)
          join pg_catalog.pg_attribute as att on att.attrelid = {relation} and att.attnum = pos.attnum)"""
_KEYS = f"""
select con.conrelid::pg_catalog.int8 as oid, con.conname as name, con.contype = 'p' as primary,
       {_NAMES.format(numbers="con.conkey", relation="con.conrelid")} as columns
  from pg_catalog.pg_constraint as con
 where con.conrelid = any (%(oids)s) and con.contype in ('p', 'u')
 order by con.conrelid, con.oid
"""  # noqa: S608  constant parts alone
_INDEXES = """
select ind.indrelid::pg_catalog.int8 as oid, rel.relname as name, ind.indisunique as unique,
       (select pg_catalog.array_agg(coalesce(att.attname::pg_catalog.text, '') order by pos.number)
          from pg_catalog.unnest(ind.indkey::pg_catalog.int2[]) with ordinality as pos (attnum, number)
          left join pg_catalog.pg_attribute as att
            on att.attrelid = ind.indrelid and att.attnum = pos.attnum and pos.attnum > 0
       ) as columns
  from pg_catalog.pg_index as ind
  join pg_catalog.pg_class as rel on rel.oid = ind.indexrelid
 where ind.indrelid = any (%(oids)s)
   and not exists (select from pg_catalog.pg_constraint as con
                    where con.conindid = ind.indexrelid and con.contype in ('p', 'u', 'x'))
 order by ind.indrelid, rel.relname collate "C"
"""
_FOREIGN_KEYS = f"""
select con.conname as name,
       case when nsp.nspname = any (%(schemas)s) then rel.relname else nsp.nspname || '.' || rel.relname end as table,
       {_NAMES.format(numbers="con.conkey", relation="con.conrelid")} as columns, far.relname as foreign_table,
       {_NAMES.format(numbers="con.confkey", relation="con.confrelid")} as foreign_columns,
       case con.confupdtype when 'r' then 'RESTRICT' when 'c' then 'CASCADE' when 'n' then 'SET NULL'
            when 'd' then 'SET DEFAULT' else 'NO ACTION' end as on_update,
       case con.confdeltype when 'r' then 'RESTRICT' when 'c' then 'CASCADE' when 'n' then 'SET NULL'
            when 'd' then 'SET DEFAULT' else 'NO ACTION' end as on_delete,
       nsp.nspname = any (%(schemas)s) as visible, fns.nspname = any (%(schemas)s) as foreign_visible
  from pg_catalog.pg_constraint as con
  join pg_catalog.pg_class as rel on rel.oid = con.conrelid
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
  join pg_catalog.pg_class as far on far.oid = con.confrelid
  join pg_catalog.pg_namespace as fns on fns.oid = far.relnamespace
 where con.contype = 'f'
 order by con.oid
"""  # noqa: S608  constant parts alone
_DEPENDANTS = """
select dep.refobjid::pg_catalog.int8 as oid,
       pg_catalog.pg_describe_object(
           case when rew.oid is null then dep.classid else 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid end,
           coalesce(rew.ev_class, dep.objid), case when rew.oid is null then dep.objsubid else 0 end) as text,
       att.attname as column,
       exists (select from pg_catalog.pg_depend as own
                where own.classid = dep.classid and own.objid = dep.objid and own.refobjid = dep.refobjid
                  and own.refclassid = dep.refclassid and own.deptype in ('a', 'i')) as own
  from pg_catalog.pg_depend as dep
  left join pg_catalog.pg_rewrite as rew
    on dep.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and rew.oid = dep.objid
  left join pg_catalog.pg_attribute as att
    on att.attrelid = dep.refobjid and att.attnum = dep.refobjsubid and dep.refobjsubid > 0
 where dep.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and dep.refobjid = any (%(oids)s) and dep.deptype = 'n'
   and dep.classid <> 'pg_catalog.pg_constraint'::pg_catalog.regclass
   and not (dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
            and exists (select from pg_catalog.pg_class as rel
                         where rel.oid = dep.objid and rel.relkind in ('i', 'I', 'S', 't')))
 union all
select rel.oid::pg_catalog.int8, pg_catalog.pg_describe_object(dep.classid, dep.objid, dep.objsubid), null,
       dep.objid = rel.oid
  from pg_catalog.pg_depend as dep
  join pg_catalog.pg_class as rel on rel.reltype = dep.refobjid
 where dep.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass and rel.oid = any (%(oids)s) and dep.deptype = 'n'
 order by 1, 2, 3
"""
_TRIGGERS = """
select evt.evtname as name, evt.evtevent as event, coalesce(evt.evttags, '{}') as tags,
       pro.prosrc ~* 'raise\\s+(exception|''|[a-z_]+\\s*(;|using))' as raises
  from pg_catalog.pg_event_trigger as evt
  join pg_catalog.pg_proc as pro on pro.oid = evt.evtfoid
 where evt.evtenabled in ('O', 'A')
   and not exists (select from pg_catalog.pg_depend as dep
                    where dep.classid = 'pg_catalog.pg_event_trigger'::pg_catalog.regclass and dep.objid = evt.oid
                      and dep.deptype = 'e')
 order by evt.evtname collate "C"
"""
_DIMENSIONS = """
select hypertable_schema as schema, hypertable_name as name, column_name as column from timescaledb_information.dimensions
"""
_GEOMETRIES = """
select f_table_schema as schema, f_table_name as name, f_geometry_column as column, type from geometry_columns
 union select f_table_schema, f_table_name, f_geography_column, type from geography_columns
"""
_CAN_CREATE = """
select coalesce((select pg_catalog.has_schema_privilege(usr.oid, nsp.oid, 'create')
                   from pg_catalog.pg_roles as usr, pg_catalog.pg_namespace as nsp
                  where usr.rolname = %(role)s and nsp.nspname = %(schema)s), true) as can,
       exists (select from pg_catalog.pg_proc where proname = 'postgis_version') as postgis,
       pg_catalog.to_regclass('timescaledb_information.dimensions') is not null as timescaledb,
       pg_catalog.to_regclass('geometry_columns') is not null as geometries
"""
_CSV = {"directus_fields": ("special",), "directus_relations": ("one_allowed_collections",)}


def read_directus_database(
    connection: psycopg.Connection[Any], *, schemas: Sequence[str] = ("public",), role: str | None = None
) -> DirectusDatabase:
    """What an apply as ``role`` with this search path would find; without a role, as one that may do everything.

    The three tables of Directus may be absent: then there are no rows. Raises psycopg.Error.
    """
    with connection.cursor(row_factory=dict_row) as cursor:
        # Types and defaults are spelled as Directus's connection sees them; begin_reading has emptied the path.
        path = ", ".join(sql.Identifier(schema).as_string(connection) for schema in schemas)
        before = cursor.execute("select pg_catalog.current_setting('search_path') as path").fetchall()[0]["path"]
        cursor.execute("select pg_catalog.set_config('search_path', %s, false)", [path])
        try:
            return _read(cursor, schemas, role)
        finally:
            if connection.info.transaction_status is not TransactionStatus.INERROR:
                cursor.execute("select pg_catalog.set_config('search_path', %s, false)", [before])


def _read(cursor: psycopg.Cursor[dict[str, Any]], schemas: Sequence[str], role: str | None) -> DirectusDatabase:
    given: dict[str, Any] = {"schemas": list(schemas), "role": role, "schema": schemas[0]}
    (about,) = cursor.execute(_CAN_CREATE, given).fetchall()
    tables = cursor.execute(_TABLES, given).fetchall()
    given["oids"] = [table["oid"] for table in tables]
    parts = {
        name: _by_oid(cursor.execute(query.encode(), given).fetchall())
        for name, query in (("columns", _COLUMNS), ("keys", _KEYS), ("indexes", _INDEXES), ("dependants", _DEPENDANTS))
    }
    dimensions = cursor.execute(_DIMENSIONS).fetchall() if about["timescaledb"] else []
    geometries = cursor.execute(_GEOMETRIES).fetchall() if about["postgis"] and about["geometries"] else []
    shapes = {(each["schema"], each["name"], each["column"]): each["type"] for each in geometries}
    rows = {name: _rows(cursor, tables, name) for name in SYSTEM_TABLES}
    return DirectusDatabase(
        tables=tuple(_table(cursor, table, parts, dimensions, shapes, postgis=about["postgis"]) for table in tables),
        foreign_keys=tuple(
            DirectusForeignKey(**{**key, "columns": tuple(key["columns"]), "foreign_columns": tuple(key["foreign_columns"])})
            for key in cursor.execute(_FOREIGN_KEYS.encode(), given).fetchall()
        ),
        collections=rows["directus_collections"],
        fields=rows["directus_fields"],
        relations=rows["directus_relations"],
        event_triggers=tuple(
            EventTrigger(**{**each, "tags": tuple(each["tags"])}) for each in cursor.execute(_TRIGGERS.encode()).fetchall()
        ),
        postgis=about["postgis"],
        can_create=about["can"],
        role=role,
    )


def _by_oid(rows: Sequence[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row.pop("oid"), []).append(row)
    return found


def _table(
    cursor: psycopg.Cursor[dict[str, Any]],
    table: Mapping[str, Any],
    parts: Mapping[str, Mapping[int, list[dict[str, Any]]]],
    dimensions: Sequence[Mapping[str, Any]],
    shapes: Mapping[tuple[str, str, str], str],
    *,
    postgis: bool,
) -> DirectusTable:
    schema, name, oid = table["schema"], table["name"], table["oid"]
    split = tuple(each["column"] for each in dimensions if (each["schema"], each["name"]) == (schema, name))
    columns = []
    for column in parts["columns"].get(oid, []):
        shape = shapes.get((schema, name, column["name"]))
        kind = "unknown" if postgis and column["type"] in {"point", "polygon"} else column["type"]
        columns.append(DirectusColumn(**{**column, "type": shape or kind}))
    return DirectusTable(
        schema=schema,
        name=name,
        partitioned=table["partitioned"],
        columns=tuple(columns),
        keys=tuple(DirectusKey(**{**key, "columns": tuple(key["columns"])}) for key in parts["keys"].get(oid, [])),
        indexes=tuple(DirectusIndex(**{**one, "columns": tuple(one["columns"])}) for one in parts["indexes"].get(oid, [])),
        # TimescaleDB drops the chunks of a hypertable with it.
        dependants=tuple(
            Dependant(**one)
            for one in parts["dependants"].get(oid, [])
            if not (split and one["text"].startswith("table _timescaledb_internal."))
        ),
        may_alter=table["may_alter"],
        may_drop=table["may_drop"],
        visible=table["visible"],
        extension=table["extension"],
        partition_columns=split or tuple(table["partition_columns"] or ()),
        hypertable=bool(split),
        has_rows=None if name.startswith("directus_") else _has_rows(cursor, schema, name),
    )


def _has_rows(cursor: psycopg.Cursor[dict[str, Any]], schema: str, name: str) -> bool | None:
    """Whether the table, a partition or a chunk of it has a row; None where that may not be read."""
    query = sql.SQL("select exists (select from {}) as there").format(sql.Identifier(schema, name))
    try:
        with cursor.connection.transaction():
            row = cursor.execute(query).fetchone()
            return bool(row and row["there"])
    except psycopg.errors.InsufficientPrivilege:
        return None


def _rows(
    cursor: psycopg.Cursor[dict[str, Any]], tables: Sequence[Mapping[str, Any]], name: str
) -> tuple[dict[str, Any], ...]:
    schema = next((table["schema"] for table in tables if table["name"] == name), None)
    if schema is None:
        return ()
    query = sql.SQL("select pg_catalog.row_to_json(t) as row from {} as t order by {}").format(
        sql.Identifier(schema, name), sql.Identifier("collection" if name == "directus_collections" else "id")
    )
    found = [row["row"] for row in cursor.execute(query).fetchall()]
    for row in found:
        for key in _CSV.get(name, ()):
            if isinstance(row.get(key), str):
                row[key] = row[key].split(",") if row[key] else []
    return tuple(found)
