"""Databases of Directus: what ``schema apply`` finds in one, and what rehearsed boots did with a throw-away one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
"""One row of a table of Directus, as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusColumn:
    """One column, with what Directus's inspector reads of it."""

    name: str
    type: str
    """As ``regtype`` spells it, without length: ``character varying``; for a column of PostGIS the geometry's: ``POINT``."""
    default: str | None = None
    """``pg_get_expr``; of a generated column its expression."""
    nullable: bool = True
    max_length: int | None = None
    precision: int | None = None
    scale: int | None = None
    generated: bool = False
    identity: bool = False
    serial: bool = False
    """Whether a sequence belongs to it (``pg_get_serial_sequence``)."""
    inherited: bool = False
    """Whether a parent table has it, too."""
    has_nulls: bool | None = None
    """Whether a row has NULL here; None if not looked at."""
    has_duplicates: bool | None = None
    """Whether two rows are equal here; None if not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusKey:
    """A primary key or UNIQUE constraint."""

    name: str
    primary: bool
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusIndex:
    """An index of no primary key or UNIQUE."""

    name: str
    columns: tuple[str, ...]
    """With those of INCLUDE; an expression is ``""``."""
    unique: bool = False
    uses: tuple[str, ...] = ()
    """All columns that it goes with, those of expressions and conditions too; empty where it was not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusForeignKey:
    """A foreign key of any table of the database."""

    name: str
    table: str
    """As Directus calls it: with its schema where that is not in the search path."""
    columns: tuple[str, ...]
    foreign_table: str
    foreign_columns: tuple[str, ...]
    on_update: str = "NO ACTION"
    on_delete: str = "NO ACTION"
    visible: bool = True
    """Whether its table is in the search path."""
    foreign_visible: bool = True
    """Whether the other table is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependant:
    """Something that PostgreSQL protects from a DROP without CASCADE: a view, a function, a policy, a generated column."""

    text: str
    """``view recent_positions``."""
    column: str | None = None
    """The column that it needs; None for the table as a whole."""
    own: bool = False
    """Whether it goes with the table: its own policies, triggers, generated columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusTable:
    """One table in a schema that Directus looks at."""

    schema: str
    name: str
    partitioned: bool = False
    columns: tuple[DirectusColumn, ...] = ()
    keys: tuple[DirectusKey, ...] = ()
    indexes: tuple[DirectusIndex, ...] = ()
    dependants: tuple[Dependant, ...] = ()
    may_alter: bool = True
    """Whether Directus's role has the owner's rights."""
    may_drop: bool = True
    """Whether Directus's role has them, or those of the schema's owner, which are enough for DROP TABLE."""
    may_refer: bool = True
    """Whether Directus's role has the privilege REFERENCES, which a foreign key to it needs."""
    visible: bool = True
    """Whether Directus's role has a privilege on it: without one, the information schema hides it."""
    extension: str | None = None
    """The extension that it is a part of, and that keeps it from being dropped."""
    has_rows: bool | None = None
    """None if not looked at."""
    has_several: bool | None = None
    """Whether it has two rows or more; None if not looked at."""
    partition_columns: tuple[str, ...] = ()
    """Of a hypertable its dimensions, of a partitioned table its key."""
    hypertable: bool = False
    parents: tuple[str, ...] = ()
    """Tables that it inherits from, or is a partition of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusEventTrigger:
    """An event trigger that is not an extension's."""

    name: str
    event: str
    """``sql_drop``, ``ddl_command_start``, ``ddl_command_end`` or ``table_rewrite``."""
    tags: tuple[str, ...] = ()
    """The commands that it is for; empty for all."""
    raises: bool | None = False
    """Whether its function holds RAISE EXCEPTION, or a RAISE without a level; None where a condition decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusDatabase:
    """A database as ``directus schema apply`` finds it."""

    tables: tuple[DirectusTable, ...]
    """Those of the search path."""
    foreign_keys: tuple[DirectusForeignKey, ...] = ()
    """Those of every schema, oldest first."""
    collections: tuple[Row, ...] = ()
    """``directus_collections``."""
    fields: tuple[Row, ...] = ()
    """``directus_fields``."""
    relations: tuple[Row, ...] = ()
    """``directus_relations``."""
    event_triggers: tuple[DirectusEventTrigger, ...] = ()
    postgis: bool = False
    can_create: bool = True
    """Whether Directus's role may create tables in the first schema of the search path."""
    names: frozenset[str] = frozenset()
    """Of views, sequences, types and what else a new table may not be called like, in the first schema."""
    is_licensed: bool | None = None
    """Whether Directus 12 keeps a license here, which may allow more collections; None where that could not be read."""
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An object of the catalog that one boot took away."""

    kind: str
    key: str
    """Its name in the whole database: ``public.positions``."""
    parts: int = 0
    """How many objects that belong to it went with it."""
    made_again: bool = False
    """Whether the same boot made another one like it: what it held is lost all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedBoot:
    """One boot: each ``schema apply`` of the entrypoint, until one fails."""

    code: int
    message: str
    """What Directus says at the end: ``Snapshot applied successfully``, or the error."""
    output: str = ""
    """The end of what it printed, without secrets; of a failure alone."""
    lost: tuple[Lost, ...] = ()
    altered: tuple[tuple[str, str], ...] = ()
    """Kind and key of objects that are not what they were."""
    made: tuple[tuple[str, str], ...] = ()
    """Kind and key of objects that are new; what belongs to a new one is left out."""
    changes: tuple[str, ...] = ()
    """What came, went and changed of what the model knows, as ``directus.agreement.changes`` says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusRehearsal:
    """Boots one after the other, from one throw-away database."""

    version: str
    """As the real Directus names itself."""
    by: str
    """Where it came from, in words: ``directus@11.17.4 from npm``."""
    calls: tuple[str, ...]
    """What was called at each boot: ``schema apply --yes FILE``."""
    before: DirectusDatabase
    """After its bootstrap, before the first boot; its free texts are digests."""
    boots: tuple[RehearsedBoot, ...]
    unlike: tuple[str, ...] = ()
    """What of the environment could not be made in the throw-away database, each as a sentence part."""
    notes: tuple[str, ...] = ()
    """What a reader should know of it."""
