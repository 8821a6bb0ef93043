"""The facts of a run: everything that checks judge and reports show, saved as files from which all of it can be done again.

``shared.json.gz``       what is the same for every environment: sources, rehearsals, files, documents
``legacy.json.gz``       the catalog that the legacy side makes; ``owner.json.gz`` the owner's
``environment.json.gz``  what was read of one environment in addition to its catalog; ``live.json.gz`` its catalog
``audit.toml``           the settings as they were

What can be computed (coverage, drift, scope, results) is not a fact and is not saved.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, Literal, overload

from migration_audit.audit.facts.codec import decode, encode, to_bytes, with_current_names
from migration_audit.audit.facts.files import write_atomically
from migration_audit.audit.facts.types import (
    EnvironmentFacts,
    Part,
    SavedSharedFacts,
    fact_types,
    hidden_differences,
    with_hidden_differences,
)
from migration_audit.catalog import canonical_snapshot, object_maker
from migration_audit.model.bulk import many_objects
from migration_audit.model.errors import AuditError
from migration_audit.model.snapshot import Snapshot
from migration_audit.model.strict_json import parse_json

FOLDER: Final = "facts"
_LARGEST: Final = 1 << 28
"""Bytes that one file of facts may unpack to."""
_GZIP: Final = 31
"""What zlib calls the format of one gzip member; https://zlib.net/manual.html, inflateInit2."""
_PIECES: Final = 1000

SNAPSHOTS: Final[Mapping[str, Part]] = {"legacy": "shared", "owner": "shared", "live": "environment"}
"""Each catalog, and the part of the facts that it belongs to; it has a file of its own."""


def save_facts(folder: Path, part: Part, facts: Mapping[str, Any]) -> None:
    """Write the facts of ``shared`` or ``environment``; equal facts give equal bytes. Raises AuditError, KeyError."""
    types = fact_types(part)
    if part == "shared":
        facts = {**facts, "hidden": hidden_differences(facts["legacy"], facts["owner"])}
    for name in types.keys() & SNAPSHOTS.keys():
        found = facts[name]
        pieces = _snapshot_pieces(found) if isinstance(found, Snapshot) else [to_bytes(encode(found, types[name]))]
        _write(folder / f"{name}.json.gz", pieces)
    rest = {name: encode(facts[name], hint) for name, hint in types.items() if name not in SNAPSHOTS}
    _write(folder / f"{part}.json.gz", [to_bytes(rest)])


@overload
def load_facts(folder: Path, part: Literal["shared"]) -> SavedSharedFacts | None: ...
@overload
def load_facts(folder: Path, part: Literal["environment"]) -> EnvironmentFacts | None: ...
@many_objects()
def load_facts(folder: Path, part: Part) -> Any:
    """What ``save_facts`` wrote, or None where nothing was saved.

    Raises AuditError, which names the file, for what cannot be read, is of another version or lacks a fact.
    """
    path = folder / f"{part}.json.gz"
    if not path.is_file():
        return None
    body = with_current_names(_read(path))
    types = fact_types(part)
    names = [name for name in types if name not in SNAPSHOTS]
    if not isinstance(body, dict) or sorted(body) != names:
        other = sorted(set(body) ^ set(names)) if isinstance(body, dict) else names
        todo = "run the audit again with this version, or verify with the version that wrote it"
        raise AuditError(f"does not have the fields of this version: {', '.join(other[:5])}", where=str(path), todo=todo)
    found = {name: decode(body[name], types[name], where=f"{path}: {name}") for name in names}
    for name in types.keys() & SNAPSHOTS.keys():
        file = folder / f"{name}.json.gz"
        found[name] = decode(_read(file, made=object_maker()), types[name], where=str(file))
        if isinstance(found[name], Snapshot):
            found[name] = with_hidden_differences(found[name], found.get("hidden", ()), name)
    return found


def facts_digest(folder: Path, part: Part) -> str | None:
    """SHA-256 over the files of the facts of ``shared`` or ``environment``; None where one cannot be read."""
    names = [part, *(name for name, its_part in SNAPSHOTS.items() if its_part == part)]
    try:
        digests = [hashlib.sha256((folder / f"{name}.json.gz").read_bytes()).hexdigest() for name in names]
    except OSError:
        return None
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _snapshot_pieces(snapshot: Snapshot) -> Iterator[bytes]:
    """What ``to_bytes`` gives of an encoded snapshot, some hundred objects at a time."""
    pieces = chain(canonical_snapshot(snapshot), "\n")
    while some := "".join(islice(pieces, _PIECES)):
        yield some.encode()


def _write(path: Path, content: Iterable[bytes]) -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6, mtime=0) as file:
        file.writelines(content)
    write_atomically(path, packed.getvalue())


def _read(path: Path, *, made: Callable[[dict[str, Any]], Any] | None = None) -> Any:
    return parse_json(_unpacked(path), where=str(path), made=made)


def _unpacked(path: Path) -> bytes:
    packed, todo = zlib.decompressobj(wbits=_GZIP), "restore it, or run the audit again"
    try:
        content = packed.decompress(path.read_bytes(), _LARGEST + 1)
    except (OSError, zlib.error) as error:
        raise AuditError(f"cannot be read: {error}", where=str(path), todo=todo) from None
    if len(content) > _LARGEST:
        raise AuditError("unpacks to more than 256 MiB", where=str(path), todo="the facts of an audit are smaller than that")
    if not packed.eof or packed.unused_data:
        what = "has trailing data" if packed.eof else "cannot be read: it ends too early"
        raise AuditError(what, where=str(path), todo=todo)
    return content


__all__ = ["FOLDER", "facts_digest", "load_facts", "save_facts"]
