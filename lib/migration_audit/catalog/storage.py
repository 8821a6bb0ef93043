"""Snapshots as files: JSON, one object a line, so that two of them can also be compared by eye."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import fields
from functools import cache, partial
from itertools import chain, groupby, islice, pairwise, repeat
from json.encoder import encode_basestring
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from migration_audit.catalog.queries import CLUSTER_KINDS, KINDS, TIMESCALEDB_KINDS
from migration_audit.catalog.shapes import checked, quick_maker
from migration_audit.model.bulk import many_objects
from migration_audit.model.errors import UsageError
from migration_audit.model.objects import CatalogObject
from migration_audit.model.redaction import MARK
from migration_audit.model.snapshot import (
    SCHEMA_VERSION,
    HypertableChunks,
    NotRead,
    RolesRead,
    ServerIdentity,
    Snapshot,
    Unmodelled,
    to_json,
)
from migration_audit.model.timescale_jobs import JobStatus
from migration_audit.project.boundary import read_bounded

PartT = TypeVar("PartT")

_CLASSES: dict[str, type[CatalogObject]] = {
    cls.kind: cls for kinds in (KINDS, CLUSTER_KINDS, TIMESCALEDB_KINDS) for cls in kinds.values()
}
_PARTS = frozenset(
    {
        *("schema_version", "digest", "server", "limits", "roles", "assumed_roles", "unmodelled", "chunks", "jobs"),
        "objects",
    }
)
_NOT_READ = "not_read"
_STARTED_AT = "started_at"
_AGAIN = "create the snapshot again with this version"
_LISTS = ("unmodelled", "chunks", "jobs", "objects")
_SPACED, _COMPACT = (", ", ": "), (",", ":")
_AT_ONCE = 4096
_ALIKE: tuple[Any, ...] = (str | None, bool, bool | None, int, int | None, tuple[str, ...])
"""Types of fields whose equal values have one text."""
_WORDS = {None: "null", True: "true", False: "false"}
_MOST_BYTES = 1 << 30
"""A hundred thousand tables have a fifth of it."""


@many_objects()
def save_snapshot(snapshot: Snapshot, path: str | Path) -> None:
    """Write a snapshot; a file of that name is replaced as a whole or not at all. Raises UsageError if it cannot be.

    A link stays, and the file that it names is replaced. A device or a pipe, such as ``/dev/stdout``, is written to.
    """
    path = Path(path)
    try:
        if path.exists() and not path.is_file():
            _write(snapshot, path)
        else:
            _replace(snapshot, Path(os.path.realpath(path)))
    except OSError as error:
        todo = "name a file in an existing, writable folder"
        raise UsageError(f"the snapshot cannot be written: {error.strerror}", where=str(path), todo=todo) from error


def _replace(snapshot: Snapshot, path: Path) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        _write(snapshot, draft, is_kept=True)
        draft.replace(path)
    finally:
        with suppress(OSError):
            draft.unlink()


def _write(snapshot: Snapshot, path: Path, *, is_kept: bool = False) -> None:
    """``is_kept``: the content has to be on the disk, which a device or a pipe does not have."""
    with path.open("w", encoding="utf-8") as file:
        for piece in _pieces(snapshot):
            file.write(piece)
        file.flush()
        if is_kept:
            os.fsync(file.fileno())


def dump_snapshot(snapshot: Snapshot) -> bytes:
    """The bytes that ``save_snapshot`` writes."""
    return "".join(_pieces(snapshot)).encode()


def _pieces(snapshot: Snapshot) -> Iterator[str]:
    yield f'{{"schema_version": {SCHEMA_VERSION},\n"digest": {_line(snapshot.digest)},\n'
    server = {name: value for name, value in to_json(snapshot.server).items() if name != _STARTED_AT}
    yield f'"server": {_line(server)},\n'
    yield f'"limits": {_line(snapshot.limits)},\n'
    if snapshot.roles is not RolesRead.NONE:
        yield f'"roles": {_line(snapshot.roles.value)},\n"assumed_roles": {_line(snapshot.assumed_roles)},\n'
    for name in _LISTS:
        if isinstance(part := getattr(snapshot, name), NotRead):
            yield f'"{name}": {_line({_NOT_READ: part.reason})},\n'
            continue
        yield f'"{name}": ['
        yield "\n" if part else ""
        yield from _object_lines(part, ",\n")
        yield "]}\n" if name == "objects" else "],\n"


def canonical_snapshot(snapshot: Snapshot) -> Iterator[str]:
    """``snapshot_body`` as JSON with sorted keys and without spaces, in pieces: it is never held as dictionaries."""
    parts: dict[str, Any] = {"schema_version": SCHEMA_VERSION, "digest": snapshot.digest, "limits": snapshot.limits}
    parts["server"] = to_json(snapshot.server)
    if snapshot.roles is not RolesRead.NONE:
        parts |= {"roles": snapshot.roles.value, "assumed_roles": snapshot.assumed_roles}
    for name in _LISTS:
        part = getattr(snapshot, name)
        parts[name] = {_NOT_READ: part.reason} if isinstance(part, NotRead) else None
    for number, name in enumerate(sorted(parts)):
        yield f'{"," if number else "{"}"{name}":'
        if parts[name] is not None:
            yield _line(parts[name], _COMPACT)
            continue
        yield "["
        yield from _object_lines(getattr(snapshot, name), ",", _COMPACT)
        yield "]"
    yield "}"


def _object_lines(items: Iterable[Any], between: str, separators: tuple[str, str] = _SPACED) -> Iterator[str]:
    """What ``_line(to_json(item))`` gives of each, with ``between`` between them, in pieces.

    They are made a field of some thousand objects of a class at a time.
    """
    before = ""
    for cls, same in groupby(items, key=type):
        constants, values_of, makers = _line_form(cls, separators)
        while some := list(islice(same, _AT_ONCE)):
            columns = zip(*map(values_of, some), strict=True)
            texts = (texts_of(column) for texts_of, column in zip(makers, columns, strict=True))
            parts = chain.from_iterable(zip(map(repeat, constants), texts, strict=False))
            yield before + between.join(map("".join, zip(*parts, repeat(constants[-1]), strict=False)))
            before = between


_TextsOf = Callable[[Iterable[Any]], Iterable[str]]


@cache
def _line_form(
    cls: type[Any], separators: tuple[str, str]
) -> tuple[list[str], Callable[[Any], tuple[Any, ...]], tuple[_TextsOf, ...]]:
    """The texts before, between and behind the values of an object's line; what gets these, and what makes their texts."""
    between, colon = separators
    hints = get_type_hints(cls)
    names = sorted(each.name for each in fields(cls))
    known = {"kind": _line(cls.kind)} if issubclass(cls, CatalogObject) and "kind" not in names else {}
    form = between.join(f"{_line(name)}{colon}{known.get(name, MARK)}" for name in sorted([*names, *known]))
    get = attrgetter(*names)
    values_of = get if len(names) > 1 else lambda item: (get(item),)
    return f"{{{form}}}".split(MARK), values_of, tuple(_text_maker(hints[name], separators) for name in names)


def _text_maker(hint: Any, separators: tuple[str, str]) -> _TextsOf:
    """What makes the texts of a field's values: of equal ones once, where they cannot be of two types."""
    if hint is str:
        return partial(map, encode_basestring)
    if hint in _ALIKE:
        return lambda values: map(_Texts(separators).__getitem__, values)
    return lambda values: (_value_text(value, separators) for value in values)


class _Texts(dict[Any, str]):
    """The texts of values, each made when it is first asked for."""

    def __init__(self, separators: tuple[str, str]) -> None:
        super().__init__()
        self._separators = separators

    def __missing__(self, value: Any) -> str:
        self[value] = text = _value_text(value, self._separators)
        return text


def _value_text(value: Any, separators: tuple[str, str]) -> str:
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if value is None or kind is bool:
        return _WORDS[value]
    if kind is tuple:
        return f"[{separators[0].join([_value_text(item, separators) for item in value])}]" if value else "[]"
    return _line(value, separators)


def snapshot_body(snapshot: Snapshot) -> dict[str, Any]:
    """The JSON object that ``save_snapshot`` writes, with the time at which the server was started."""
    body: dict[str, Any] = json.loads(dump_snapshot(snapshot))
    body["server"][_STARTED_AT] = snapshot.server.started_at
    return body


def object_body(obj: CatalogObject) -> dict[str, Any]:
    """The JSON object of one catalog object."""
    return to_json(obj)


def _line(value: Any, separators: tuple[str, str] = _SPACED) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=separators)


@many_objects()
def load_snapshot(path: str | Path) -> Snapshot:
    """What ``save_snapshot`` wrote. Raises UsageError like ``parse_snapshot``, and for a file that cannot be read."""
    return parse_snapshot(_load_json(Path(path)), where=str(path))


def parse_snapshot(body: Any, *, where: str = "snapshot") -> Snapshot:
    """The snapshot of a JSON object that ``save_snapshot`` wrote.

    Raises UsageError, which names ``where``, for what cannot be read, is not JSON or not a snapshot, is of another schema
    version, has a kind or a field that this version does not know, or was changed after it was saved.
    """
    if not isinstance(body, dict) or "schema_version" not in body:
        raise UsageError("this JSON file is not a snapshot", where=where, todo=_AGAIN)
    if body["schema_version"] != SCHEMA_VERSION:
        raise UsageError(
            f"the snapshot has schema version {body['schema_version']!r}, and this version reads {SCHEMA_VERSION}",
            where=where,
            todo=_AGAIN,
        )
    try:
        snapshot = _snapshot(body)
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"the snapshot cannot be read: {error}", where=where, todo=_AGAIN) from error
    if body.get("digest", snapshot.digest) != snapshot.digest:
        raise UsageError("the snapshot was changed after it was saved: its digest differs", where=where, todo=_AGAIN)
    return snapshot


def _load_json(path: Path) -> Any:
    try:
        return json.loads(read_bounded(path, most=_MOST_BYTES).decode(), object_hook=object_maker())
    except OSError as error:
        todo = "name a file that can be read"
        raise UsageError(f"the snapshot cannot be read: {error.strerror}", where=str(path), todo=todo) from error
    except UnicodeDecodeError as error:
        raise UsageError("the snapshot is not UTF-8", where=str(path), todo=_AGAIN) from error
    except (ValueError, RecursionError) as error:  # of syntax, or a number of more digits than Python reads
        raise UsageError(f"the snapshot is not JSON: {error}", where=str(path), todo=_AGAIN) from error


def _snapshot(body: dict[str, Any]) -> Snapshot:
    unknown = body.keys() - _PARTS
    if unknown:
        raise TypeError(f"unknown field {min(unknown)!r}")
    objects = sorted((parse_object(item) for item in body["objects"]), key=lambda obj: (obj.kind, obj.key))
    for one, other in pairwise(objects):
        if (one.kind, one.key) == (other.kind, other.key):
            raise ValueError(f"{one.kind} {one.key} appears twice")
    return Snapshot(
        server=checked(ServerIdentity, body["server"]),
        objects=tuple(objects),
        unmodelled=tuple(checked(Unmodelled, item) for item in body["unmodelled"]),
        chunks=_read_or_not(HypertableChunks, body["chunks"]),
        jobs=_read_or_not(JobStatus, body.get("jobs", ())),
        limits=tuple(str(item) for item in body["limits"]),
        roles=RolesRead(body.get("roles", RolesRead.NONE)),
        assumed_roles=tuple(str(item) for item in body.get("assumed_roles", ())),
    )


def _read_or_not(cls: type[PartT], body: Any) -> tuple[PartT, ...] | NotRead:
    if isinstance(body, dict) and body.keys() == {_NOT_READ} and isinstance(body[_NOT_READ], str):
        return NotRead(body[_NOT_READ])
    if not isinstance(body, list | tuple):
        raise TypeError(f"there are neither rows of {cls.__name__} nor a reason why they could not be read")
    return tuple(checked(cls, item) for item in body)


def parse_object(item: Any) -> CatalogObject:
    """The catalog object of a JSON object; raises TypeError or ValueError for one that this version does not know."""
    if isinstance(item, CatalogObject):
        return item
    kind = item["kind"] if isinstance(item, dict) else None
    if kind not in _CLASSES:
        raise ValueError(f"unknown kind {kind!r}")
    made: CatalogObject = checked(_CLASSES[kind], {name: value for name, value in item.items() if name != "kind"})
    return made


def object_maker() -> Callable[[dict[str, Any]], Any]:
    """What makes the objects of one snapshot while its JSON is read, so that never all of it is held as dictionaries.

    Anything but a catalog object is returned as it is: the caller who expects one reports what is wrong with it. Equal texts
    are kept once.
    """
    once = dict[str, str]().setdefault
    makers: dict[str, Callable[[dict[str, Any]], Any]] = {}

    def made(item: dict[str, Any]) -> Any:
        kind = item.get("kind")
        if type(kind) is not str or kind not in _CLASSES:
            return item
        if kind not in makers:
            makers[kind] = quick_maker(_CLASSES[kind], once, besides="kind")
        try:
            return makers[kind](item) or parse_object(item)
        except (TypeError, ValueError):
            return item

    return made
