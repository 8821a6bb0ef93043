"""Tables that are replaced or truncated while a transaction reads: it then finds the new table, and none of its rows."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg import sql

from migration_audit.catalog.server_errors import CatalogChangedError

# pg_class is read as of the transaction's snapshot, what the functions say is as of now.
_REPLACED: Final = """
with recursive tree (oid) as (
    select rel.oid
      from pg_catalog.pg_class as rel
      join pg_catalog.pg_namespace as nsp on nsp.oid = rel.relnamespace
     where nsp.nspname = %s
       and rel.relname = %s
       and rel.oid = pg_catalog.to_regclass(%s)
     union all
    select inh.inhrelid
      from tree
      join pg_catalog.pg_inherits as inh on inh.inhparent = tree.oid
)
select not exists (select from tree)
       or exists (
           select
             from tree
             join pg_catalog.pg_class as rel on rel.oid = tree.oid
            where rel.relfilenode <> coalesce(pg_catalog.pg_relation_filenode(rel.oid), 0)
       )
"""


def refuse_replaced(connection: psycopg.Connection[Any], schema: str, table: str) -> None:
    """Nothing where the rows just read are those that the table and its parts have in the snapshot.

    Raises CatalogChangedError, psycopg.Error.
    """
    name = sql.Identifier(schema, table).as_string(connection)
    row = connection.execute(_REPLACED, [schema, table, name]).fetchone()
    if row is None or row[0]:
        raise CatalogChangedError(
            f"the catalog changed while it was read: table {schema}.{table} was replaced or truncated",
            where=connection.info.dbname,
            todo="DDL was running; try again while no DDL is running",
        )
