"""Renames: what is there under another name gets the expected one, and keeps its rows."""

from __future__ import annotations

from migration_audit.model.drift import Difference
from migration_audit.model.identifiers import literal, sql_name
from migration_audit.model.objects import CatalogObject
from migration_audit.model.relations import Column, Constraint, Index, Sequence, Table
from migration_audit.port.names import guarded, regclass
from migration_audit.port.step import Rank, Sides, Steps, ask, run

_TAKEN_FOR = (
    "what the owner calls {old} is taken for the same {kind}: definition and place are the same. If it is another one, "
    "create the missing one instead; if the owner's name is to stay, rename it where the legacy SQL ran"
)
_WORDS: dict[type[CatalogObject], str] = {Table: "TABLE", Index: "INDEX", Sequence: "SEQUENCE"}


def rename(difference: Difference, sides: Sides) -> Steps:
    """A rename that does nothing where it was already done; what comes with another rename is part of that one."""
    obj, old = difference.expected, getattr(difference.actual, "name", "")
    match obj:
        case Table() | Index() | Sequence():
            before, after = sql_name(obj.schema, old), sql_name(obj.schema, obj.name)
            word = "FOREIGN TABLE" if getattr(obj, "relation", "") == "foreign table" else _WORDS[type(obj)]
            statement = f"ALTER {word} {before} RENAME TO {sql_name(obj.name)}"
            done = f"pg_catalog.to_regclass({literal(after)}) IS NOT NULL"
            possible = f"pg_catalog.to_regclass({literal(before)}) IS NOT NULL"
        case Column():
            table = sql_name(obj.schema, obj.table)
            statement = f"ALTER TABLE {table} RENAME COLUMN {sql_name(old)} TO {sql_name(obj.name)}"
            where = f"EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = {regclass(table)} AND NOT attisdropped"
            done, possible = (f"{where} AND attname = {literal(one)})" for one in (obj.name, old))
        case Constraint():
            table = sql_name(obj.schema, obj.table)
            statement = f"ALTER TABLE {table} RENAME CONSTRAINT {sql_name(old)} TO {sql_name(obj.name)}"
            where = f"EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {regclass(table)}"
            done, possible = (f"{where} AND conname = {literal(one)})" for one in (obj.name, old))
        case _:
            if obj is not None:
                yield ask(obj, f"it is called {old} on the owner's side")
            return
    note = _TAKEN_FOR.format(old=old, kind=obj.kind) if isinstance(obj, Column | Table) else None
    place = ("", 1 if isinstance(obj, Table) else 2)
    sql = guarded(f"{possible}\n     AND NOT {done}", statement)
    makes = frozenset({(obj.schema, obj.name)})
    yield run(obj, Rank.RENAME, sql, note=note, makes=makes, needs="", place=place)
