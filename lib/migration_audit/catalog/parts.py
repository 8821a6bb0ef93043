"""The parts of which a table's rows are read one after the other: chunks, partitions, or the table itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg import sql

AT_ONCE: Final = 16
"""A table of no more parts is read as a whole: each part takes a lock, and one for each of its indexes."""

_TREE: Final = """
with recursive tree (oid, level) as (
    select rel.oid, 0
      from pg_catalog.pg_class as rel
      join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
     where nsp.nspname = %s and rel.relname = %s
     union all
    select inh.inhrelid, tree.level + 1
      from tree
      join pg_catalog.pg_inherits as inh on inh.inhparent = tree.oid
)
select nsp.nspname::pg_catalog.text, rel.relname::pg_catalog.text, rel.relkind::pg_catalog.text,
       array(
           select att.attname::pg_catalog.text
             from pg_catalog.pg_partitioned_table as par
             join pg_catalog.pg_attribute as att on att.attrelid = par.partrelid and att.attnum = any (par.partattrs)
            where par.partrelid = rel.oid
       )
  from tree
  join pg_catalog.pg_class as rel on rel.oid = tree.oid
  join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
 order by tree.level, nsp.nspname, rel.relname
"""
_HAS_DIMENSIONS: Final = "select pg_catalog.to_regclass('_timescaledb_catalog.dimension') is not null"
_DIMENSIONS: Final = """
select dim.column_name::pg_catalog.text
  from _timescaledb_catalog.dimension as dim
  join _timescaledb_catalog.hypertable as hyp on hyp.id = dim.hypertable_id
 where hyp.schema_name = %s and hyp.table_name = %s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is read in place of one table."""

    sources: tuple[sql.Composed, ...]
    """What follows FROM."""
    split_by: frozenset[str] = frozenset()
    """The columns that decide in which part a row is; empty for a table that is read as a whole."""


def parts_of_table(connection: psycopg.Connection[Any], schema: str, table: str, *, only: bool) -> Parts:
    """The chunks of a hypertable, or the partitions of a partitioned table, where there are many. Raises psycopg.Error."""
    whole = sql.SQL("ONLY {}" if only else "{}").format(sql.Identifier(schema, table))
    tree = [] if only else connection.execute(_TREE, (schema, table)).fetchall()
    if len(tree) <= AT_ONCE:
        return Parts(sources=(whole,))
    columns = {name for *_, names in tree for name in names} | set(_dimensions(connection, schema, table))
    if not columns:
        return Parts(sources=(whole,))
    # Without ONLY: of a compressed chunk, it would leave out what is compressed.
    leaves = [sql.SQL("{}").format(sql.Identifier(*names)) for *names, kind, _ in tree[1:] if kind != "p"]
    root = [] if tree[0][2] == "p" else [sql.SQL("ONLY {}").format(sql.Identifier(schema, table))]
    return Parts(sources=(*root, *leaves), split_by=frozenset(columns))


def _dimensions(connection: psycopg.Connection[Any], schema: str, table: str) -> Sequence[str]:
    row = connection.execute(_HAS_DIMENSIONS).fetchone()
    if not (row and row[0]):
        return ()
    return [name for (name,) in connection.execute(_DIMENSIONS, (schema, table)).fetchall()]
