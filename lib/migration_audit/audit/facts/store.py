"""The facts of a run: everything that checks judge and reports show, kept as files from which all of it can be done again.

``shared.json.gz``       what is the same for every environment: sources, rehearsals, files, documents
``legacy.json.gz``       the catalog that the legacy side makes; ``owner.json.gz`` the owner's
``environment.json.gz``  what was read of one environment beside its catalog; ``live.json.gz`` its catalog
``audit.toml``           the settings as they were

What can be computed (coverage, drift, scope, results) is no fact and is not kept.
"""

from __future__ import annotations

import gzip
import hashlib
import inspect
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, get_type_hints

from migration_audit.audit.facts.codec import decode, encode, to_bytes
from migration_audit.audit.facts.files import write_atomically
from migration_audit.audit.facts.hidden import Hidden, hidden_differences, told_apart
from migration_audit.catalog import object_maker
from migration_audit.checks import ALL
from migration_audit.model.directus_database import DirectusDatabase
from migration_audit.model.directus_rehearsal import DirectusRehearsal
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Unavailable
from migration_audit.model.port import SavedPort
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.strict_json import parse_json

Facts = Mapping[str, Any]
"""Name to value; a value may be an ``Unavailable``."""

FOLDER: Final = "facts"
_LARGEST: Final = 1 << 28
"""Bytes that one file of facts may unpack to."""
_GZIP: Final = 31
"""What zlib calls the format of one gzip member; https://zlib.net/manual.html, inflateInit2."""

SNAPSHOTS: Final = {"legacy": "shared", "owner": "shared", "live": "environment"}
"""Each catalog, and the part of the facts that it belongs to; it has a file of its own."""

COMPUTED: Final = frozenset(
    {
        *("coverage", "live_drift", "excluded", "project", "environment", "legacy_source", "owner_source", "waivers"),
        *("directus_boots", "directus_rehearsed"),
    }
)
"""Inputs of checks that follow from facts and settings."""

_OF_ENVIRONMENT: Final = frozenset(
    {
        *(
            "audited_environment",
            "read_at",
            "live",
            "owner_ledger",
            "legacy_ledger",
            "obstacles",
            "writer_access",
            "probe_rights",
        ),
        *("directus_snapshot", "directus_target", "directus_live", "directus_runtime", "raw_tables", "post_changes"),
        "directus_rehearsal",
    }
)
Pairs = tuple[tuple[str, str], ...]
_BESIDE_CHECKS: Final[Mapping[str, Any]] = {
    "audited_phase": str,
    "audited_environment": str,
    "read_at": str,
    "shadow": str,
    "port": SavedPort | Unavailable | None,
    "no_coverage": Unavailable | None,
    "hidden": Hidden,
    "prelude": Pairs,
    "artifacts": Pairs,
    "reports": Pairs,
    "directus_owner": DirectusDatabase | Unavailable,
    "directus_rehearsal": DirectusRehearsal | Unavailable,
    "fresh_rehearsal": DirectusRehearsal | Unavailable,
}
"""What reports show and no check asks for; ``no_coverage`` is why there was nothing to compare, if so; ``hidden`` is
which values differ that are not shown; ``read_at`` is when the environment was read (ISO 8601, UTC)."""


@cache
def fact_types() -> Mapping[str, Any]:
    """The type of every fact by name: what the checks declare, and what reports show beside it."""
    found: dict[str, Any] = {}
    for check in ALL:
        hints = get_type_hints(check.run)
        for name in inspect.signature(check.run).parameters:
            found.setdefault(name, hints[name] | Unavailable)
    return {**{name: hint for name, hint in found.items() if name not in COMPUTED}, **_BESIDE_CHECKS}


def names_of(part: str) -> tuple[str, ...]:
    """The names of the facts of ``shared`` or ``environment``, sorted."""
    return tuple(sorted(n for n in fact_types() if (n in _OF_ENVIRONMENT) == (part == "environment")))


def save_facts(folder: Path, part: str, facts: Facts) -> None:
    """Write the facts of ``shared`` or ``environment``; equal facts give equal bytes. Raises AuditError, KeyError."""
    types = fact_types()
    if part == "shared":
        facts = {**facts, "hidden": hidden_differences(facts["legacy"], facts["owner"])}
    for name in names_of(part):
        if name in SNAPSHOTS:
            _write(folder / f"{name}.json.gz", encode(facts[name], types[name]))
    rest = {name: encode(facts[name], types[name]) for name in names_of(part) if name not in SNAPSHOTS}
    _write(folder / f"{part}.json.gz", rest)


def load_facts(folder: Path, part: str) -> Facts | None:
    """What ``save_facts`` wrote, or None where nothing was saved.

    Raises AuditError, which names the file, for what cannot be read, is of another version or lacks a fact.
    """
    path = folder / f"{part}.json.gz"
    if not path.is_file():
        return None
    body = _read(path)
    names = [name for name in names_of(part) if name not in SNAPSHOTS]
    if not isinstance(body, dict) or sorted(body) != names:
        other = sorted(set(body) ^ set(names)) if isinstance(body, dict) else names
        todo = "run the audit again with this version, or verify with the version that made it"
        raise AuditError(f"does not hold the facts of this version: {', '.join(other[:5])}", where=str(path), todo=todo)
    types = fact_types()
    found = {name: decode(body[name], types[name], where=f"{path}: {name}") for name in names}
    for name in names_of(part):
        if name in SNAPSHOTS:
            file = folder / f"{name}.json.gz"
            found[name] = decode(_read(file, made=object_maker()), types[name], where=str(file))
            if isinstance(found[name], Snapshot):
                found[name] = told_apart(found[name], found.get("hidden", ()), name)
    return found


def facts_digest(folder: Path, part: str) -> str | None:
    """SHA-256 over the files of the facts of ``shared`` or ``environment``; None where one cannot be read."""
    names = [part, *(name for name, its_part in SNAPSHOTS.items() if its_part == part)]
    try:
        digests = [hashlib.sha256((folder / f"{name}.json.gz").read_bytes()).hexdigest() for name in names]
    except OSError:
        return None
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _write(path: Path, body: Any) -> None:
    write_atomically(path, gzip.compress(to_bytes(body), compresslevel=6, mtime=0))


def _read(path: Path, *, made: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    packed, todo = zlib.decompressobj(wbits=_GZIP), "restore it, or run the audit again"
    try:
        content = packed.decompress(path.read_bytes(), _LARGEST + 1)
    except (OSError, zlib.error) as error:
        raise AuditError(f"cannot be read: {error}", where=str(path), todo=todo) from None
    if len(content) > _LARGEST:
        raise AuditError("unpacks to more than 256 MiB", where=str(path), todo="facts of an audit are never that large")
    if not packed.eof or packed.unused_data:
        what = "holds something behind its end" if packed.eof else "cannot be read: it ends too early"
        raise AuditError(what, where=str(path), todo=todo)
    return parse_json(content, where=str(path), made=made)


__all__ = ["COMPUTED", "FOLDER", "Facts", "fact_types", "facts_digest", "load_facts", "names_of", "save_facts"]
