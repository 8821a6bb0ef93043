"""What a mutation works on: a database as it stands, and dice."""

from __future__ import annotations

from random import Random
from typing import Any

import psycopg

ROLES = ("fuzz_reader", "fuzz_writer")
SCHEMAS = ("app", '"Odd Schema"', "public")


class World:
    """A connection and a seeded generator; every choice is made among rows in a total order, so that a seed replays."""

    def __init__(self, connection: psycopg.Connection[Any], rng: Random) -> None:
        self.connection = connection
        self.rng = rng
        self._number = 0

    def name(self, prefix: str) -> str:
        """A name that is not in use; sometimes one that needs quotes."""
        self._number += 1
        return f'"{prefix} {self._number}"' if self.rng.random() < 0.2 else f"{prefix}_{self._number}"

    def one_of(self, *choices: str) -> str:
        return self.rng.choice(choices)

    @property
    def schema(self) -> str:
        return self.one_of(*SCHEMAS)

    @property
    def role(self) -> str:
        return self.one_of(*ROLES)

    def new_role(self) -> str:
        """The name of a role that no other database of the cluster has made."""
        self._number += 1
        return f"fuzz_role_{self._number}"

    def any_role(self) -> str:
        return self.pick("select quote_ident(rolname) from pg_roles where rolname ~ '^fuzz_'")

    def hypertable(self) -> str:
        return self.pick(
            "select format('%I.%I', hypertable_schema, hypertable_name) from timescaledb_information.hypertables"
        )

    def pick(self, query: str, *arguments: Any) -> Any:
        """One row of a query with one column; raises Nothing where there is no row."""
        rows = self.connection.execute(f"select * from ({query}) as q order by 1", arguments or None).fetchall()
        if not rows:
            raise Nothing(query)
        row = self.rng.choice(rows)
        return row[0] if len(row) == 1 else row

    def table(self, condition: str = "true") -> str:
        """A table of ours that is neither a partition nor partitioned."""
        return self.relation("r", f"not c.relispartition and {condition}")

    def relation(self, kinds: str, condition: str = "true") -> str:
        return self.pick(
            f"""select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
                 where c.relkind = any(string_to_array('{kinds}', null)::"char"[]) and c.oid >= 16384
                   and n.nspname !~ '^(_timescaledb|timescaledb|pg_)' and {condition}
                   and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')"""
        )

    def column(self, condition: str = "true", kinds: str = "r") -> tuple[str, str]:
        """Table and column that match a condition on ``a`` (pg_attribute) and ``c`` (pg_class)."""
        return self.pick(
            f"""select c.oid::regclass::text, quote_ident(a.attname)
                  from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
                 where a.attnum > 0 and not a.attisdropped and {condition}
                   and c.relkind = any(string_to_array('{kinds}', null)::"char"[])
                   and c.oid >= 16384 and n.nspname !~ '^(_timescaledb|timescaledb|pg_)'
                   and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')"""
        )

    def constraint(self, types: str) -> tuple[str, str]:
        return self.pick(
            f"""select conrelid::regclass::text, quote_ident(conname) from pg_constraint
                 where contype = any(string_to_array('{types}', null)::"char"[]) and conrelid >= 16384
                   and conparentid = 0 and conrelid::regclass::text !~ 'timescaledb'"""
        )

    def index(self, condition: str = "true") -> str:
        return self.relation(
            "i", f"exists (select from pg_index i where i.indexrelid = c.oid and {condition}) and not c.relispartition"
        )

    def trigger(self) -> tuple[str, str]:
        return self.pick(
            """select tgrelid::regclass::text, quote_ident(tgname) from pg_trigger
                where not tgisinternal and tgname <> 'ts_insert_blocker' and tgrelid::regclass::text !~ 'timescaledb'"""
        )

    def routine(self, kinds: str = "fp") -> str:
        return self.pick(
            f"""select case p.prokind when 'p' then 'procedure ' when 'a' then 'aggregate ' else 'function ' end
                       || p.oid::regprocedure from pg_proc p
                 where p.oid >= 16384 and p.prokind = any(string_to_array('{kinds}', null)::"char"[])
                   and not exists (select from pg_depend d where d.objid = p.oid and d.deptype in ('e', 'i'))"""
        )

    def type(self, kind: str) -> str:
        return self.pick(
            f"""select t.oid::regtype::text from pg_type t where t.typtype = '{kind}' and t.oid >= 16384
                   and (t.typtype <> 'c' or exists (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
                   and not exists (select from pg_depend d where d.objid = t.oid and d.deptype = 'e')"""
        )

    def policy(self) -> tuple[str, str]:
        return self.pick("select polrelid::regclass::text, quote_ident(polname) from pg_policy")


class Nothing(Exception):  # noqa: N818  it is no error
    """There is nothing that the mutation could work on."""
