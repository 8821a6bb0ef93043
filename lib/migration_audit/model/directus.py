"""What a Directus snapshot file says, what Directus recorded in a live database, and which version will read both."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from migration_audit.model.location import Location

_RELEASE = re.compile(r"v?(\d+)\.(\d+)\.(\d+)\Z")


@dataclass(frozen=True, slots=True, order=True)
class DirectusVersion:
    """A release of Directus; releases are ordered."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> DirectusVersion | None:
        """The release that ``text`` names exactly; None for ``latest``, ``11``, ``11.17``, ``^11.17.4`` or a pre-release.

        >>> str(DirectusVersion.parse("11.17.4")), DirectusVersion.parse("11.17")
        ('11.17.4', None)
        """
        match = _RELEASE.match(text.strip())
        return cls(*map(int, match.groups())) if match else None

    def __str__(self) -> str:
        """``11.17.4``."""
        return f"{self.major}.{self.minor}.{self.patch}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetVersion:
    """The Directus that the owner's image runs, and who says so."""

    version: DirectusVersion | None
    named: str
    """Where it was looked for, in words: ``FROM directus/directus:latest``."""
    where: str | None = None
    """``file:line`` of that."""
    reason: str | None = None
    """Why the version is not known, in one sentence; None when it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotCollection:
    """One entry of ``collections``."""

    name: str
    meta: tuple[str, ...] | None
    """The keys of ``meta``; None where it is null or absent, as versions before 11.10 write a table they do not track."""
    table: str | None
    """``schema.name``; None for a folder, and for a ghost."""
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotColumn:
    """The ``schema`` of one field: what Directus wants of the column."""

    keys: tuple[str, ...]
    data_type: str | None = None
    default: str | None = None
    is_nullable: bool | None = None
    is_unique: bool | None = None
    is_indexed: bool | None = None
    is_primary_key: bool | None = None
    foreign_key_table: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotField:
    """One entry of ``fields``."""

    collection: str
    name: str
    type: str | None
    meta: tuple[str, ...] | None
    """The keys of ``meta``."""
    column: SnapshotColumn | None
    """None where ``schema`` is null, as it is for an alias, or absent."""
    has_schema: bool
    """Whether the key ``schema`` is there at all."""
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRelation:
    """One entry of ``relations``."""

    collection: str
    field: str
    meta: tuple[str, ...] | None
    schema: tuple[str, ...] | None
    """Keys; None for a relation without a foreign key."""
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusSnapshot:
    """A snapshot file, with the line of each entry."""

    path: str
    directus: str | None
    """The version that wrote it."""
    vendor: str | None
    collections: tuple[SnapshotCollection, ...]
    fields: tuple[SnapshotField, ...]
    relations: tuple[SnapshotRelation, ...]
    system_fields: tuple[tuple[str, str], ...]
    """Collection and field of each entry of ``systemFields``."""
    lines: tuple[tuple[str, int], ...]
    """The keys of the file itself, each with its line; a section that is not listed is absent."""

    def line(self, section: str) -> int | None:
        """Where a section starts; None where it is absent."""
        return dict(self.lines).get(section)

    def at(self, section: str) -> str:
        """``file:line`` of a section, or of the file's start where it is absent."""
        return f"{self.path}:{self.line(section) or 1}"

    def collection(self, name: str) -> SnapshotCollection | None:
        """The entry of this collection."""
        return next((one for one in self.collections if one.name == name), None)

    def columns_of(self, collection: str) -> tuple[SnapshotField, ...]:
        """The fields of a collection that are columns."""
        return tuple(f for f in self.fields if f.collection == collection and f.column is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """A table that is not Directus's to manage: one that the owner's SQL makes, or a runner's ledger."""

    schema: str
    name: str
    """As Directus would call its collection."""
    key: str
    """``schema.table``."""
    is_ledger: bool = False
    visible: bool = True
    """Whether it is in a schema that Directus looks at."""
    single_key: bool | None = None
    """Whether its primary key is one column, without which Directus ignores it; None where that is not known."""
    columns: tuple[str, ...] = ()
    where: str | None = None
    """``file:line`` of what makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRights:
    """Who owns a raw table in a live database, and whether Directus's role could drop it."""

    key: str
    owner: str
    may_drop: bool | None
    """Owner's rights of the role: as the owner, by an inherited membership, or as superuser; None without such a role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusLive:
    """What one live database says of Directus."""

    schema: str | None = None
    """Where ``directus_collections`` is; None where Directus has not been bootstrapped, or nothing could be read."""
    collections: frozenset[str] | None = None
    """The rows of ``directus_collections``; None where they could not be read."""
    fields: frozenset[tuple[str, str]] = frozenset()
    """The rows of ``directus_fields``: collection and field."""
    reason: str | None = None
    """Why rows could not be read, in one sentence."""
    tables: frozenset[str] | None = None
    """Every table of the database, ``schema.table``; None where the catalog could not be read."""
    role: str | None = None
    """Directus's database role."""
    role_exists: bool = False
    rights: tuple[TableRights, ...] = ()

    def tracks(self, table: str) -> bool | None:
        """Whether ``directus_collections`` has a row for it; None where that could not be read."""
        return None if self.collections is None else table in self.collections

    def has(self, key: str) -> bool | None:
        """Whether the table is there; None where that could not be read."""
        return None if self.tables is None else key in self.tables

    def rights_on(self, key: str) -> TableRights | None:
        """What is known of a raw table's owner."""
        return next((one for one in self.rights if one.key == key), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusRuntime:
    """How the deployment runs Directus, as far as it decides what ``schema apply`` looks at."""

    search_path: tuple[str, ...] = ("public",)
    """``DB_SEARCH_PATH``."""
    excluded: frozenset[str] = frozenset()
    """``DB_EXCLUDE_TABLES``."""
    ignored: frozenset[str] = frozenset()
    """``--ignoreRules`` of ``schema apply``."""
    reason: str | None = None
    """Why the two are not known, in one sentence."""

    def guard_of(self, table: str) -> str | None:
        """Which of the two names the table, in words."""
        if table in self.ignored:
            return "--ignoreRules"
        return "DB_EXCLUDE_TABLES" if table in self.excluded else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnChange:
    """What SQL after ``schema apply`` does to one table: only some of it is visible to the next ``schema apply``."""

    table: str
    """Without a schema, as Directus calls its collection."""
    kind: str
    """``unique``, ``index``, ``not null``, ``null``, ``default``, ``type``; ``kept`` for what Directus does not see."""
    at: Location
    column: str = ""
    name: str | None = None
    """Of the constraint or index; None where PostgreSQL chooses it."""
    words: str = ""
    """What it is, for people: ``UNIQUE (organization_id, name)``."""
    value: str | None = field(default=None)
    """The new default or type."""
