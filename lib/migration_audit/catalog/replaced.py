"""Tables that are replaced or truncated while a transaction reads: it then finds the new table, and none of its rows."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class ReplacementCheck:
    """Whether the rows that were read just before are those that a table and its parts have in the snapshot."""

    name: str
    answer: psycopg.Cursor[Any]

    def refuse(self) -> None:
        """Nothing where they are. Raises CatalogChangedError, psycopg.Error."""
        row = self.answer.fetchone()
        if row is None or row[0]:
            raise CatalogChangedError(
                f"the catalog changed while it was read: table {self.name} was replaced or truncated",
                where=self.answer.connection.info.dbname,
                todo="DDL was running; try again while no DDL is running",
            )


def ask_whether_replaced(connection: psycopg.Connection[Any], schema: str, table: str) -> ReplacementCheck:
    """Ask it behind the query that reads the rows, and before the transaction ends. Raises psycopg.Error."""
    name = sql.Identifier(schema, table).as_string(connection)
    return ReplacementCheck(f"{schema}.{table}", connection.execute(_REPLACED, [schema, table, name]))
