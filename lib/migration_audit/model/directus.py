"""What a Directus snapshot file says, what Directus recorded in a live database, and which version will read both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from migration_audit.model.directus_database import DirectusDatabase
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
class SnapshotEntry:
    """One entry of a section: a collection, field or relation, and where it is."""

    collection: str
    field: str = ""
    """Empty for a collection."""
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusSnapshot:
    """A snapshot file, with the line of each entry."""

    path: str
    body: Mapping[str, Any]
    """The file as js-yaml reads it, which is what ``schema apply`` gets."""
    collections: tuple[SnapshotEntry, ...]
    fields: tuple[SnapshotEntry, ...]
    relations: tuple[SnapshotEntry, ...]
    lines: tuple[tuple[str, int], ...]
    """The keys of the file itself, each with its line; a section that is not listed is absent."""

    @property
    def directus(self) -> str | None:
        """The version that wrote it."""
        return _text(self.body.get("directus"))

    @property
    def vendor(self) -> str | None:
        """The kind of database that it was written for."""
        return _text(self.body.get("vendor"))

    def line(self, section: str) -> int | None:
        """Where a section starts; None where it is absent."""
        return dict(self.lines).get(section)

    def at(self, section: str) -> str:
        """``file:line`` of a section, or of the file's start where it is absent."""
        return f"{self.path}:{self.line(section) or 1}"

    def collection(self, name: str) -> SnapshotEntry | None:
        """The entry of this collection."""
        return next((one for one in self.collections if one.collection == name), None)

    def place(self, collection: str, field: str = "") -> str:
        """``file:line`` of what the file says of a field, else of its collection, else where collections start."""
        wanted = [
            one for one in (*self.fields, *self.relations) if field and (one.collection, one.field) == (collection, field)
        ]
        found = next(iter(wanted), None) or self.collection(collection)
        return str(found.at) if found else self.at("collections")

    def column(self, collection: str, field: str) -> Mapping[str, Any] | None:
        """The ``schema`` of a field; None where it is not a column of the file."""
        for one in self.body.get("fields") or ():
            if (one.get("collection"), one.get("field")) == (collection, field) and isinstance(one.get("schema"), Mapping):
                found: Mapping[str, Any] = one["schema"]
                return found
        return None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


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
    database: DirectusDatabase | None = None
    """What an apply would find here; None where it could not be read."""

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
    files: tuple[str, ...] = ()
    """What ``schema apply`` is given, each once, as it is written."""
    asks: bool = False
    """Whether ``schema apply`` asks before it changes anything, and cannot get an answer."""
    calls: tuple[tuple[str, ...], ...] = ()
    """The words behind each ``schema apply`` of a boot, in order, with ``{file}`` for the snapshot file."""
    problem: str | None = None
    """Why the command line refuses the options of ``schema apply``; None where it takes them."""
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
