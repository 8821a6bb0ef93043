"""Tables, columns, indexes, constraints, sequences, views: what a schema mostly is.

Fields are the output columns of the query of the same name in ``catalog/sql/``; what one means in PostgreSQL is
described in https://www.postgresql.org/docs/current/catalogs.html.
"""

from __future__ import annotations

from dataclasses import dataclass

from migration_audit.model.identifiers import dotted, parts_of
from migration_audit.model.objects import InSchema, Key, OnTable, OnTableOrView, shown_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Table(InSchema, kind="table"):
    """A table: ordinary, partitioned, foreign or unlogged."""

    relation: str
    """``table``, ``partitioned table`` or ``foreign table``."""
    persistence: str
    """``permanent`` or ``unlogged``."""
    access_method: str | None
    """How rows are stored, ``heap``; None where the table has no rows of its own."""
    tablespace: str | None
    """None for the database's own."""
    options: tuple[str, ...]
    """Storage parameters, ``name=value``, sorted; those of the TOAST table carry the prefix ``toast.``. Options of a foreign
    table, where ``name=(redacted)`` replaces each option that may hold a secret."""
    row_security: bool
    """Whether policies decide which rows a role sees."""
    force_row_security: bool
    """Whether they decide for the owner too."""
    replica_identity: str
    """``default``, ``nothing``, ``full`` or ``index <name>``."""
    of_type: str | None
    """The composite type that gives it its columns (``CREATE TABLE … OF``); None without one."""
    inherits: tuple[str, ...]
    """Parents in order, ``schema.table``."""
    partition_key: str | None
    """``RANGE (ts)`` of a partitioned table; None for the others."""
    partition_bound: str | None
    """``FOR VALUES FROM … TO …`` of a partition; None for the others."""
    server: str | None
    """The foreign server."""
    column_order: tuple[str, ...]
    """Column names as they are; compared as far as both sides have the columns."""
    owner: str
    privileges: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column(OnTableOrView, kind="column"):
    """A column of a table, view or materialized view."""

    type: str
    """As ``format_type`` prints it, schema-qualified: ``character varying(64)``."""
    not_null: bool
    """Whether NULL is refused."""
    default: str | None
    """The expression of its default, or of a generated column; None without one."""
    generated: str | None
    """``stored`` or ``virtual``, with the expression in ``default``."""
    identity_kind: str | None
    """``always`` or ``by default``."""
    collation: str | None
    """Only where it is not the type's own."""
    storage: str
    """``plain``, ``external``, ``main`` or ``extended``: whether large values are compressed, and moved out of the row."""
    compression: str | None
    """``pglz`` or ``lz4``; None for the server's default."""
    statistics: int | None
    """The statistics target; None for the server's default."""
    options: tuple[str, ...]
    """``n_distinct`` and its like, and those of a foreign table's column: ``name=value``, sorted."""
    is_local: bool
    """False for a column that is only inherited."""
    privileges: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Index(InSchema, kind="index"):
    """An index, also one that a constraint made."""

    table: str
    """Its table, ``schema.table``, quoted as in a key."""
    definition: str
    """``pg_get_indexdef``: uniqueness, method, columns, order, operator classes, INCLUDE, options, predicate."""
    tablespace: str | None
    """None for the database's own."""
    valid: bool
    """False: queries do not use it, as after CREATE INDEX CONCURRENTLY that failed."""
    ready: bool
    """False: inserts do not maintain it yet."""
    clustered: bool
    """Whether CLUSTER without an index's name orders the table by it."""
    statistics: tuple[str, ...]
    """Statistics targets of expression columns, ``<column number>=<target>``."""
    comment: str | None
    attached_to: str | None = None
    """The index of the partitioned table that this one is a part of, ``schema.index``."""
    unique: bool | None = shown_only()
    """Whether two equal entries are refused."""
    constraint: str | None = shown_only()
    """Name of the constraint that made it."""
    signature: str | None = shown_only()
    """The definition without the index's name: equal for the same index under another name."""
    columns: str | None = shown_only()
    """For people: ``(device_id, ts DESC)`` with everything that follows in the definition."""

    @property
    def belongs_to(self) -> Key:
        """The constraint that made it, else the table."""
        return ("constraint", f"{self.table}.{dotted(self.constraint)}") if self.constraint else ("table", self.table)


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint(OnTable, kind="constraint"):
    """A constraint of a table: primary key, unique, foreign key, check, exclusion, or a NOT NULL with more to say."""

    type: str
    """``primary key``, ``unique``, ``foreign key``, ``check``, ``exclude``; ``not null`` from PostgreSQL 18 on, where it has
    a chosen name, NO INHERIT, NOT VALID or a comment."""
    definition: str
    """``pg_get_constraintdef``, which tells deferrability, NOT VALID and NO INHERIT too."""
    deferrable: bool
    """Whether a transaction may ask for the check at its end."""
    deferred: bool
    """Whether that is so unless a transaction asks otherwise."""
    validated: bool
    """False: rows from before it may break it (NOT VALID)."""
    is_local: bool
    """False for a constraint that is only inherited."""
    comment: str | None
    enabled: str = "origin"
    """``origin``, or what ``ALTER TABLE … DISABLE TRIGGER ALL`` made of the triggers that watch over it:
    ``disabled on public.positions``. A dump does not tell it."""

    @property
    def not_null_column(self) -> str:
        """The column of a NOT NULL constraint."""
        return parts_of(self.definition.removeprefix("NOT NULL "))[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence(InSchema, kind="sequence"):
    """A sequence: of its own, owned by a column (``serial``), or of an identity column."""

    type: str
    """``bigint``, ``integer`` or ``smallint``."""
    start: int
    """Its first value."""
    increment: int
    """What each next value adds."""
    minimum: int
    """Its smallest value."""
    maximum: int
    """Its largest value."""
    cache: int
    """Values that a session takes at once."""
    cycle: bool
    """Whether it begins again after its last value."""
    persistence: str
    """``permanent`` or ``unlogged``."""
    owned_by: str | None
    """``schema.table.column``."""
    owner: str
    privileges: tuple[str, ...]
    comment: str | None

    @property
    def belongs_to(self) -> Key:
        """The column that owns it, else the schema."""
        return ("column", self.owned_by) if self.owned_by else ("schema", dotted(self.schema))


@dataclass(frozen=True, slots=True, kw_only=True)
class View(InSchema, kind="view"):
    """A view; its columns are columns."""

    definition: str
    """``pg_get_viewdef``: the query."""
    options: tuple[str, ...]
    """``check_option``, ``security_barrier``, ``security_invoker``."""
    owner: str
    privileges: tuple[str, ...]
    comment: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaterializedView(InSchema, kind="materialized view"):
    """A materialized view; whether it is populated is a state, not a part of the schema."""

    definition: str
    """``pg_get_viewdef``: the query."""
    options: tuple[str, ...]
    """Storage parameters, ``name=value``, sorted."""
    access_method: str | None
    """How rows are stored, ``heap``."""
    tablespace: str | None
    """None for the database's own."""
    owner: str
    privileges: tuple[str, ...]
    comment: str | None
