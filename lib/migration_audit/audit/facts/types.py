"""Every fact of a run and every input of a check, declared once: its name, its type, and where it comes from.

A check asks for an input by the name of a parameter. Which class below has that name decides the check's scope: whether it
runs once for the project or for each environment. Facts are saved as files; what the ``…Computed`` classes declare follows
from facts and settings and is computed again. One function fills each class, and mypy checks its result against the class.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import fields, replace
from functools import cache
from typing import Annotated, Any, Final, Literal, TypedDict, TypeVar, get_origin, get_type_hints

from migration_audit.directus.agreement import RehearsedBoots
from migration_audit.directus.boots import DirectusBoots
from migration_audit.model.boot import FixtureShadow, PostObject, Rehearsal
from migration_audit.model.code import CodeFacts, FixtureFacts, ManifestFacts, PathFacts
from migration_audit.model.compose import Stack
from migration_audit.model.directus import (
    ColumnChange,
    DirectusLive,
    DirectusRuntime,
    DirectusSnapshot,
    RawTable,
    TargetVersion,
)
from migration_audit.model.directus_database import DirectusDatabase, DirectusRehearsal
from migration_audit.model.documents import CommandResult, DocumentRule, DropRule
from migration_audit.model.drift import Drift
from migration_audit.model.finding import Excluded, Unavailable, WaiverUse
from migration_audit.model.image import Boot, Image
from migration_audit.model.live import Ledger, Obstacle
from migration_audit.model.location import Location
from migration_audit.model.objects import CatalogObject
from migration_audit.model.port import SavedPort
from migration_audit.model.preflight import Convergence, CrossCheck, OriginMap, ProbeResult, SourceFacts
from migration_audit.model.privileges import Access, ProbeRights
from migration_audit.model.redaction import Redacted
from migration_audit.model.rows import RowsComparison
from migration_audit.model.side_effects import Destruction, SourceUndone
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.sql import Applied, StatementMatch
from migration_audit.project import Environment, Project

_T = TypeVar("_T")
_FILE_TEXT: Final = "holds text of the project's files"
FileText = Annotated[_T, _FILE_TEXT]
"""A fact that holds text of the project's files, in which secrets are masked before it is saved."""
Pairs = tuple[tuple[str, str], ...]
Part = Literal["shared", "environment"]


class PreflightFacts(TypedDict):
    """Both SQL sources, executed on throw-away servers, as ``run_preflight`` returns them."""

    shadow: str
    """The server, for people."""
    sources: tuple[SourceFacts, ...] | Unavailable
    legacy_applied: FileText[Applied | Unavailable]
    owner_applied: FileText[Applied | Unavailable]
    legacy: Snapshot | Unavailable
    owner: Snapshot | Unavailable
    legacy_origins: OriginMap
    owner_origins: OriginMap
    no_coverage: Unavailable | None
    """Why there was nothing to compare, if so; else coverage is computed of both snapshots."""
    cross_check: CrossCheck | Unavailable
    """What ``pg_dump`` of both shadows says about coverage."""
    repeats: FileText[tuple[Convergence, ...] | Unavailable]
    orders: FileText[tuple[Convergence, ...] | Unavailable]
    probes: FileText[tuple[ProbeResult, ...] | Unavailable]
    destructions: FileText[tuple[Destruction, ...] | Unavailable]
    """What the text of the owner's SQL takes away."""
    undone: FileText[tuple[SourceUndone, ...] | Unavailable]
    """What each source creates and takes away again."""
    rows: RowsComparison | Unavailable
    """The rows that the legacy SQL leaves in tables, looked up on the owner's side."""
    statements: FileText[tuple[StatementMatch, ...] | Unavailable]
    """How the owner's SQL has each legacy statement."""
    port: FileText[SavedPort | Unavailable | None]
    """What the owner's next file would have to say; None where nothing is lacking."""
    prelude: Pairs
    """Kind and key of the objects that both sides have from ``prelude``; they are not compared."""
    directus_owner: DirectusDatabase | Unavailable
    """What ``directus schema apply`` would find of the owner's SQL."""


class RehearsalFacts(TypedDict):
    """The writer's statements and the fixture, on throw-away databases; given by ``rehearsal_inputs``."""

    rehearsal: FileText[Rehearsal | Unavailable]
    fixture_shadows: Mapping[str, FixtureShadow] | Unavailable


class BootFacts(TypedDict):
    """How the stack starts; given by ``boot_inputs``."""

    stack: FileText[Stack | Unavailable]
    dev_stack: FileText[Stack | Unavailable]
    owner_boot: FileText[Boot | Unavailable]
    post_objects: FileText[tuple[PostObject, ...] | Unavailable]
    images: FileText[Mapping[Location, Image | Unavailable] | Unavailable]


class RetirementFacts(TypedDict):
    """Source files, manifests and paths, for every rule that asks for them; given by ``retirement_inputs``."""

    code: FileText[CodeFacts | Unavailable]
    manifests: FileText[ManifestFacts | Unavailable]
    paths: FileText[PathFacts | Unavailable]
    fixture_facts: FileText[tuple[FixtureFacts, ...] | Unavailable]


class DocumentFacts(TypedDict):
    """Documents and acceptance commands; given by ``documents_inputs``."""

    document_rules: FileText[tuple[DocumentRule, ...] | Unavailable]
    drop_rules: FileText[tuple[DropRule, ...] | Unavailable]
    commands: FileText[tuple[CommandResult, ...] | Unavailable]


class SharedFacts(PreflightFacts, RehearsalFacts, BootFacts, RetirementFacts, DocumentFacts):
    """What is the same for every environment; put together by ``Audit._gathered``."""

    audited_phase: str
    gathered_at: str
    """When it was gathered: ISO 8601, UTC."""
    fresh_rehearsal: DirectusRehearsal | Unavailable
    artifacts: Pairs
    """Path and SHA-256 of each file in addition to the SQL sources that a check looks at."""
    reports: Pairs


class SavedSharedFacts(SharedFacts):
    """The same as its files hold it."""

    hidden: _Hidden
    """Which values differ that are not shown."""


class DirectusFacts(TypedDict):
    """The Directus snapshot, and what an environment says of it; given by ``directus_inputs``."""

    directus_snapshot: DirectusSnapshot | Unavailable
    directus_target: FileText[TargetVersion | Unavailable]
    directus_live: DirectusLive | Unavailable
    directus_runtime: FileText[DirectusRuntime | Unavailable]
    raw_tables: tuple[RawTable, ...] | Unavailable
    post_changes: tuple[ColumnChange, ...] | Unavailable


class RightsFacts(TypedDict):
    """What the PRV checks and LIV013 ask for; given by ``read_rights_and_rows``."""

    obstacles: tuple[Obstacle, ...] | Unavailable
    writer_access: Access | Unavailable
    probe_rights: tuple[ProbeRights, ...] | Unavailable


class LiveFacts(RightsFacts):
    """A live database; given by ``read_live``."""

    live: Snapshot | Unavailable
    """Everything that was read, in scope or not."""
    owner_ledger: Ledger | Unavailable
    legacy_ledger: Ledger | Unavailable


class EnvironmentFacts(LiveFacts, DirectusFacts):
    """What was read of one environment; put together by ``Audit._read_environment``."""

    audited_environment: str
    read_at: str
    """When it was read: ISO 8601, UTC."""
    directus_rehearsal: DirectusRehearsal | Unavailable


class SharedComputed(TypedDict):
    """What follows from facts for the project; given by ``Case``."""

    coverage: Drift | Unavailable
    project: Project


class EnvironmentComputed(TypedDict):
    """What follows from facts for one environment; given by ``Case``."""

    live_drift: Drift | Unavailable
    excluded: tuple[Excluded, ...] | Unavailable
    directus_boots: DirectusBoots | Unavailable
    directus_rehearsed: RehearsedBoots | Unavailable
    legacy_source: SourceFacts | Unavailable
    owner_source: SourceFacts | Unavailable
    project: Project
    environment: Environment | Unavailable


class WaiverComputed(TypedDict):
    """What became of each waiver, once the other checks are judged; given by ``Case``."""

    waivers: tuple[WaiverUse, ...] | Unavailable


@cache
def fact_types(part: Part) -> Mapping[str, Any]:
    """The type of every fact of ``shared`` or ``environment`` by name, sorted."""
    hints = get_type_hints(SavedSharedFacts if part == "shared" else EnvironmentFacts)
    return {name: hints[name] for name in sorted(hints)}


@cache
def names_with_file_text() -> frozenset[str]:
    """The facts that hold text of the project's files."""
    hints = {
        **get_type_hints(SavedSharedFacts, include_extras=True),
        **get_type_hints(EnvironmentFacts, include_extras=True),
    }
    return frozenset(n for n, h in hints.items() if get_origin(h) is Annotated and _FILE_TEXT in h.__metadata__)


_Hidden = tuple[tuple[str, str, str], ...]
"""Kind and key of an object, and the text in it whose value differs: ``password=(redacted)``.

In memory, values that may be secret are compared by a salted hash (``model/redaction.py``). Files hold no hash, so
that there is nothing to try a dictionary on: what was found different is named, and distinguished again when facts are read.
"""


def hidden_differences(legacy: object, owner: object) -> _Hidden:
    """What both sides have with another value; empty where one of them is not there."""
    if not isinstance(legacy, Snapshot) or not isinstance(owner, Snapshot):
        return ()
    return tuple(
        (kind, key, text)
        for (kind, key), obj in sorted(legacy.by_key.items(), key=lambda pair: pair[0])
        for text in _differing(obj, owner.by_key.get((kind, key)))
    )


def _differing(obj: CatalogObject, other: CatalogObject | None) -> Iterator[str]:
    there = _redacted(other) if other is not None else {}
    yield from sorted(text for text, value in _redacted(obj).items() if text in there and value != there[text])


def _redacted(obj: CatalogObject) -> Mapping[str, Redacted]:
    lists = [value for each in fields(obj) if isinstance(value := getattr(obj, each.name), tuple)]
    return {str(item): item for value in lists for item in value if isinstance(item, Redacted)}


def with_hidden_differences(snapshot: Snapshot, hidden: _Hidden, side: str) -> Snapshot:
    """The snapshot, in which these texts are of this side alone."""
    by_object: dict[tuple[str, str], set[str]] = {}
    for kind, key, text in hidden:
        by_object.setdefault((kind, key), set()).add(text)
    if not by_object:
        return snapshot
    objects = (_marked(obj, by_object.get((obj.kind, obj.key), ()), side) for obj in snapshot.objects)
    return replace(snapshot, objects=tuple(objects))


def _marked(obj: CatalogObject, texts: Collection[str], side: str) -> CatalogObject:
    if not texts:
        return obj
    changed: dict[str, Any] = {
        each.name: tuple(Redacted(item, side) if item in texts else item for item in value)
        for each in fields(obj)
        if isinstance(value := getattr(obj, each.name), tuple)
    }
    return replace(obj, **changed)
