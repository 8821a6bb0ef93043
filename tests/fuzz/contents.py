"""What the catalogs hold, row by row: a third look, which knows nothing of either witness.

A mutation that changes a row, while neither the comparison nor ``pg_dump`` sees a difference, is one that both miss.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg

Contents = dict[str, frozenset[str]]

_VOLATILE = {
    "pg_class": (
        "relfilenode relpages reltuples relallvisible relallfrozen relfrozenxid relminmxid relhasindex relhasrules"
        " relhastriggers relhassubclass relrewrite relnatts relchecks relacl reltoastrelid"
    ),
    "pg_attribute": "attcacheoff attmissingval atthasmissing attnum attacl",
    "pg_index": "indcheckxmin",
    "pg_proc": "proacl",
    "pg_type": "typacl",
    "pg_namespace": "nspacl",
    "pg_database": "datfrozenxid datminmxid datacl",
    "pg_authid": "rolpassword",
    "pg_auth_members": "oid",
    "pg_rewrite": "ev_action",
    "pg_trigger": "tgrelid",
}
"""Columns that change by themselves, or whose content has many spellings: privileges are in a set of their own below."""
_CATALOGS = (
    *("pg_class.oid", "pg_attribute.attrelid", "pg_attrdef.adrelid", "pg_constraint.oid", "pg_index.indexrelid"),
    *("pg_inherits.inhrelid", "pg_proc.oid", "pg_aggregate.aggfnoid", "pg_type.oid", "pg_enum.oid", "pg_range.rngtypid"),
    *("pg_trigger.oid", "pg_event_trigger.oid", "pg_policy.oid", "pg_rewrite.oid", "pg_operator.oid", "pg_opclass.oid"),
    *("pg_opfamily.oid", "pg_cast.oid", "pg_collation.oid", "pg_conversion.oid", "pg_namespace.oid", "pg_language.oid"),
    *("pg_extension.oid", "pg_foreign_data_wrapper.oid", "pg_foreign_server.oid", "pg_foreign_table.ftrelid"),
    *("pg_user_mapping.oid", "pg_publication.oid", "pg_publication_rel.oid", "pg_publication_namespace.oid"),
    *("pg_statistic_ext.oid", "pg_ts_config.oid", "pg_ts_dict.oid", "pg_transform.oid", "pg_default_acl.oid"),
    *("pg_description.objoid", "pg_sequence.seqrelid", "pg_partitioned_table.partrelid", "pg_shdescription.objoid"),
    *("pg_authid.oid", "pg_auth_members.roleid", "pg_db_role_setting.setrole", "pg_database.oid", "pg_parameter_acl.oid"),
)
_TIMESCALEDB = ["hypertable", "dimension", "chunk_column_stats", "tablespace", "bgw_job"]
_LOCATION = re.compile(r" :(?:stmt_)?location -?\d+| :stmt_len -?\d+")


def read_contents(connection: psycopg.Connection[Any]) -> Contents:
    """The rows of each catalog that somebody made, as text, without what changes by itself."""
    return {name: frozenset(_rows(connection, query)) for name, query in _queries(connection)}


def _rows(connection: psycopg.Connection[Any], query: str) -> list[str]:
    return [_LOCATION.sub("", row[0]) for row in connection.execute(query.encode()).fetchall()]


def _queries(connection: psycopg.Connection[Any]) -> Iterator[tuple[str, str]]:
    member = "exists (select from pg_depend d where d.objid = {} and d.deptype = 'e')"
    for catalog in _CATALOGS:
        name, _, column = catalog.partition(".")
        volatile = "".join(f" - '{each}'" for each in _VOLATILE.get(name, "").split())
        where = f"{column}::oid >= 16384 and not {member.format(f't.{column}::oid')}"
        if name == "pg_attribute":
            where += " and attnum > 0 and not attisdropped"
        if name in {"pg_db_role_setting", "pg_database"}:
            where = f"{'setdatabase' if name == 'pg_db_role_setting' else 'oid'} in (0, {_OWN})"
        if name == "pg_class":
            where += " and relkind <> 't'"
        if name == "pg_type":
            where += " and typtype <> 'p'"
        yield name, f"select (to_jsonb(t){volatile})::text from {name} as t where {where}"
    there = connection.execute("select to_regclass('_timescaledb_catalog.hypertable') is not null").fetchone()
    for name in _TIMESCALEDB if there and there[0] else ():
        found = connection.execute(
            "select oid::regclass::text from pg_class where relname = %s and relnamespace::regnamespace::text ~ %s"
            " and relkind = 'r'",
            [name, "^_timescaledb_(catalog|config)$"],
        ).fetchone()
        if found:
            yield name, f"select to_jsonb(t)::text from {found[0]} as t"


_OWN = "(select oid from pg_database where datname = current_database())"


def changed_rows(before: Contents, now: Contents) -> list[str]:
    """The rows that came or went, shortened."""
    return [
        f"{sign}{name} {row[:300]}"
        for name in before.keys() | now.keys()
        for sign, rows in (
            ("-", before.get(name, frozenset()) - now.get(name, frozenset())),
            ("+", now.get(name, frozenset()) - before.get(name, frozenset())),
        )
        for row in sorted(rows)
    ]
