"""A catalog at one instant, as a value: it can be saved, compared without a database, and named by its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import Any, TypeVar

from migration_audit.model.bulk import many_objects
from migration_audit.model.finding import Excluded
from migration_audit.model.objects import CatalogObject
from migration_audit.model.timescale_jobs import JobStatus

ObjectT = TypeVar("ObjectT", bound=CatalogObject)

SCHEMA_VERSION = 1

SERVER_WIDE = frozenset({"role", "role membership", "settings", "parameter privileges"})
"""The kinds that belong to a whole server, and not to one database."""


@dataclass(frozen=True, slots=True)
class NotRead:
    """Why something could not be read, in its place: it cannot be mistaken for a database without such objects."""

    reason: str
    """A sentence, without its full stop."""


class RolesRead(StrEnum):
    """What a snapshot knows of the roles of its server, and of everything else that no database holds."""

    NONE = "none"
    """They were not read."""
    SHARED = "shared"
    """Read from a server that others use too: what only this side has may belong to other databases."""
    OWN = "own"
    """Read from a server that was made for the SQL alone: what is there, the SQL made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmodelled:
    """A catalog row that no modelled kind claims; while there is one, "covered" is not given."""

    kind: str
    identity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HypertableChunks:
    """What the chunks of one hypertable look like at run time; reported apart from the hypertable's settings."""

    schema: str
    table: str
    chunks: int
    compressed: int
    first: str | None
    """Start of the earliest chunk (ISO 8601 UTC, or the integer as text)."""
    last: str | None
    widths: tuple[tuple[str, int], ...] = ()
    """How many chunks span which range of the first dimension: ``(("1 day", 30), ("7 days", 2))``."""
    plain_widths: tuple[tuple[str, int], ...] = ()
    """The same of those that are not compressed: compression may merge chunks."""
    missing_indexes: tuple[tuple[str, int], ...] = ()
    """Indexes of the hypertable that some of its chunks lack, with the number of those chunks."""
    missing_unique: tuple[str, ...] = ()
    """Those of them that are unique: rows may be in such chunks twice, and ON CONFLICT fails there."""
    otherwise: tuple[tuple[str, int, str], ...] = ()
    """What chunks have otherwise than the hypertable, how many of them, and the name of one: ``SELECT for reader``."""
    ranges: tuple[tuple[str, str], ...] = ()
    """Start and end of each chunk, at most 400, for the timeline."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Everything that was read of one database, sorted by kind and key."""

    server: ServerIdentity
    objects: tuple[CatalogObject, ...]
    unmodelled: tuple[Unmodelled, ...] = ()
    chunks: tuple[HypertableChunks, ...] | NotRead = ()
    jobs: tuple[JobStatus, ...] | NotRead = ()
    """How TimescaleDB's jobs go; like the chunks a state, and not part of the digest."""
    limits: tuple[str, ...] = field(default=())
    """What the reading role may not see, each as a sentence; empty for most."""
    roles: RolesRead = RolesRead.NONE
    """Whether roles, their members and settings, and privileges on parameters are among the objects."""
    assumed_roles: tuple[str, ...] = ()
    """Roles that the SQL names and does not make: created for it without any rights, and no objects of it."""

    def keeping(self, objects: Iterable[CatalogObject]) -> Snapshot:
        """The snapshot with some of its objects alone; itself, with what was computed of it, where those are all."""
        kept = tuple(objects)
        return self if len(kept) == len(self.objects) else replace(self, objects=kept)

    def of(self, kind: type[ObjectT]) -> tuple[ObjectT, ...]:
        """The objects of one kind, in key order."""
        return tuple(obj for obj in self.objects if type(obj) is kind)

    @cached_property
    def scopes(self) -> list[tuple[Any, Snapshot | None, tuple[Excluded, ...]]]:
        """What ``compare.in_scope`` found, by project; None for all of the snapshot."""
        return []

    @cached_property
    def by_key(self) -> dict[tuple[str, str], CatalogObject]:
        """The objects by ``(kind, key)``."""
        return {(obj.kind, obj.key): obj for obj in self.objects}

    @cached_property
    @many_objects()
    def digest(self) -> str:
        """``sha256:…`` over the compared facts alone: the same on every server, machine and OID.

        Roles of a server that others use too are not part of it.
        """
        facts: list[list[Any]] = []
        for cls, objects in groupby(self.objects, key=_class_of):
            if cls.kind in SERVER_WIDE and self.roles is not RolesRead.OWN:
                continue
            names = sorted((*cls.identity, *cls.compared()))
            facts.append([cls.kind, names, list(map(attrgetter(*names), objects))])
        facts.append(["unmodelled", [[u.kind, u.identity] for u in self.unmodelled]])
        return "sha256:" + hashlib.sha256(canonical_json(facts)).hexdigest()


def changes_between(before: Snapshot, after: Snapshot) -> tuple[str, ...]:
    """Where two snapshots differ in what their digests cover: each object, with the attributes that are not the same."""
    is_whole = {before.roles, after.roles} == {RolesRead.OWN}
    then, now = ({k: o for k, o in s.by_key.items() if is_whole or k[0] not in SERVER_WIDE} for s in (before, after))
    found = []
    for kind, key in sorted(then.keys() | now.keys()):
        old, new = then.get((kind, key)), now.get((kind, key))
        if old is None or new is None:
            found.append(f"{kind} {key} is {'new' if old is None else 'gone'}")
            continue
        other = [n for n in new.compared() if canonical_json(getattr(old, n)) != canonical_json(getattr(new, n))]
        found += [f"{kind} {key}: {', '.join(other)}"] if other else []
    strange = ({(u.kind, u.identity) for u in s.unmodelled} for s in (before, after))
    changed = set.symmetric_difference(*strange)
    return (*found, *(f"{kind} {name} was added or removed" for kind, name in sorted(changed)))


def _class_of(obj: CatalogObject) -> type[CatalogObject]:
    return type(obj)


def canonical_json(value: Any) -> bytes:
    """JSON bytes that are equal for equal values: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def to_json(value: Any) -> dict[str, Any]:
    """A flat dataclass as a JSON object, with its ``kind`` when it is a catalog object."""
    body = {f.name: getattr(value, f.name) for f in fields(value)}
    return {"kind": value.kind, **body} if isinstance(value, CatalogObject) else body


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerIdentity:
    """Which server and database were read; never part of a digest, and never a secret."""

    database: str
    system_identifier: str | None
    """``pg_control_system()``; None where the role may not read it."""
    postgres_version: str
    extension_versions: tuple[tuple[str, str], ...] = ()
    timescaledb_license: str | None = None
    """``apache`` or ``timescale``; None without TimescaleDB."""
    read_as: str = ""
    """The role that read the catalog."""
    in_recovery: bool = False
    started_at: str = field(default="", compare=False)
    """When the server was started, in seconds since 1970, to the microsecond; empty where it was not asked.

    Facts have it, saved snapshots do not.
    """

    @property
    def versions(self) -> dict[str, str]:
        """``{"PostgreSQL": "17.12", "timescaledb": "2.19.3"}``."""
        own = {name: version for name, version in self.extension_versions if name != "plpgsql"}
        return {"PostgreSQL": self.postgres_version.split(" ", 1)[0], **own}

    def is_same_database(self, other: ServerIdentity) -> bool:
        """Whether both lead to one database: to that of one running server, or of a server and its standby.

        A copy of a server that runs by itself has the same system identifier, and was started at another time.
        """
        numbers = {self.system_identifier, other.system_identifier} - {None}
        if self.database != other.database or len(numbers) > 1:
            return False
        is_standby = self.system_identifier == other.system_identifier and self.in_recovery != other.in_recovery
        return self.started_at == other.started_at != "" or (is_standby and bool(numbers))

    @property
    def described(self) -> str:
        """``trm_prod on server 7301234567890123456, PostgreSQL 17.12``."""
        on = f" on server {self.system_identifier}" if self.system_identifier else ""
        return f"{self.database}{on}, PostgreSQL {self.postgres_version.split(' ', 1)[0]}"
