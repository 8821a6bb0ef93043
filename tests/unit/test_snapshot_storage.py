"""A snapshot's file: written whole or not at all, and read only if it is what it must be."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from migration_audit.catalog import canonical_snapshot, dump_snapshot, load_snapshot, save_snapshot, snapshot_body, storage
from migration_audit.model.errors import UsageError
from migration_audit.model.routines import Extension, Schema
from migration_audit.model.snapshot import (
    HypertableChunks,
    NotRead,
    RolesRead,
    ServerIdentity,
    Snapshot,
    Unmodelled,
    to_json,
)

SNAPSHOT = Snapshot(
    server=ServerIdentity(
        database="db",
        system_identifier="7",
        postgres_version="17.12",
        extension_versions=(("plpgsql", "1.0"),),
        read_as="größe",
    ),
    objects=(
        Extension(name="plpgsql", schema="pg_catalog", version="1.0", comment=None),
        Schema(name='ä\n"s"', owner="postgres", privileges=("PUBLIC: USAGE",), comment="\u2028"),
    ),
    unmodelled=(Unmodelled(kind="cast", identity="(a AS b)"),),
    chunks=(
        HypertableChunks(
            schema="s", table="t", chunks=2, compressed=0, first="0", last="9", widths=(("5", 2),), ranges=(("0", "5"),)
        ),
    ),
    limits=("Something was not looked at.",),
)


def test_what_was_saved_is_loaded(tmp_path: Path) -> None:
    save_snapshot(SNAPSHOT, tmp_path / "s.json")
    loaded = load_snapshot(tmp_path / "s.json")
    assert loaded == SNAPSHOT
    assert loaded.digest == SNAPSHOT.digest
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]


def test_each_line_is_what_json_writes_of_the_object() -> None:
    text = dump_snapshot(SNAPSHOT).decode()
    for part in (*SNAPSHOT.objects, *SNAPSHOT.unmodelled, *SNAPSHOT.chunks):
        assert f"\n{json.dumps(to_json(part), sort_keys=True, ensure_ascii=False)}" in text


def test_objects_are_written_whole_in_whatever_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    schemas = [
        Schema(name=f"s{n}", owner=f"o{n % 2}", privileges=("p",) * (n % 3), comment="%s" if n % 2 else None)
        for n in range(9)
    ]
    snapshot = replace(SNAPSHOT, objects=(*SNAPSHOT.objects[:1], *schemas))
    whole = dump_snapshot(snapshot)
    monkeypatch.setattr(storage, "_AT_ONCE", 2)
    assert dump_snapshot(snapshot) == whole
    assert [to_json(obj) for obj in snapshot.objects] == [
        {**obj, "privileges": tuple(obj["privileges"])} if "privileges" in obj else obj
        for obj in json.loads(whole)["objects"]
    ]


@pytest.mark.parametrize(
    "snapshot",
    [
        SNAPSHOT,
        replace(SNAPSHOT, chunks=(), jobs=NotRead("the jobs could not be read"), unmodelled=()),
        replace(SNAPSHOT, roles=RolesRead.OWN, assumed_roles=("a", "b"), objects=()),
    ],
)
def test_in_facts_it_is_the_same_json_with_sorted_keys_and_without_spaces(snapshot: Snapshot) -> None:
    text = json.dumps(snapshot_body(snapshot), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert "".join(canonical_snapshot(snapshot)) == text


def test_equal_texts_are_kept_once(tmp_path: Path) -> None:
    schemas = tuple(Schema(name=f"s{n}", owner="the same owner", privileges=(), comment=None) for n in range(2))
    save_snapshot(Snapshot(server=SNAPSHOT.server, objects=schemas), tmp_path / "s.json")
    one, other = load_snapshot(tmp_path / "s.json").of(Schema)
    assert one.owner is other.owner


def test_the_same_snapshot_gives_the_same_bytes(tmp_path: Path) -> None:
    save_snapshot(SNAPSHOT, tmp_path / "a.json")
    save_snapshot(load_snapshot(tmp_path / "a.json"), str(tmp_path / "b.json"))
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_a_file_that_cannot_be_written_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_snapshot(SNAPSHOT, tmp_path / "s.json")
    before = (tmp_path / "s.json").read_bytes()
    broken = Snapshot(server=SNAPSHOT.server, objects=(object(),))  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        save_snapshot(broken, tmp_path / "s.json")
    assert (tmp_path / "s.json").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
    with pytest.raises(UsageError, match="cannot be written"):
        save_snapshot(SNAPSHOT, tmp_path / "nowhere" / "s.json")


def without(*path: str | int) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        place: Any = body
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return change


def with_(value: Any, *path: str | int) -> Callable[[dict[str, Any]], None]:
    def change(body: dict[str, Any]) -> None:
        place: Any = body
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return change


CHANGES: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "another version": (with_(2, "schema_version"), "schema version 2"),
    "no version": (without("schema_version"), "not a snapshot"),
    "an unknown kind": (with_("galaxy", "objects", 0, "kind"), "unknown kind 'galaxy'"),
    "no kind": (without("objects", 0, "kind"), "'kind'"),
    "an unknown field": (with_(1, "objects", 0, "colour"), "Extension has no field 'colour'"),
    "a missing field": (without("objects", 0, "version"), "Extension lacks its field 'version'"),
    "a value of another type": (with_(1, "objects", 0, "version"), "Extension.version cannot be 1"),
    "null where there must be text": (with_(None, "objects", 0, "version"), "Extension.version cannot be None"),
    "text where there must be a list": (with_("x", "objects", 1, "privileges"), "Schema.privileges"),
    "a number in a list of texts": (with_([1], "objects", 1, "privileges"), "Schema.privileges"),
    "true where there must be a number": (with_(True, "chunks", 0, "chunks"), "HypertableChunks.chunks"),
    "a pair of three": (with_([["5", 2, 3]], "chunks", 0, "widths"), "HypertableChunks.widths"),
    "chunks that are neither rows nor a reason": (with_({"reason": "x"}, "chunks"), "HypertableChunks"),
    "no objects": (without("objects"), "'objects'"),
    "objects that are none": (with_([7], "objects"), "unknown kind None"),
    "an unknown part": (with_([], "galaxies"), "unknown field 'galaxies'"),
    "an unknown field of the server": (with_("x", "server", "password"), "ServerIdentity has no field 'password'"),
    "a change by hand": (with_("2.0", "objects", 0, "version"), "changed after it was saved"),
}


@pytest.mark.parametrize("case", CHANGES.values(), ids=CHANGES)
def test_a_file_that_is_not_as_it_was_saved_is_refused(
    tmp_path: Path, case: tuple[Callable[[dict[str, Any]], None], str]
) -> None:
    change, said = case
    path = tmp_path / "s.json"
    save_snapshot(SNAPSHOT, path)
    body = json.loads(path.read_text(encoding="utf-8"))
    change(body)
    path.write_text(json.dumps(body), encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_snapshot(path)
    assert said in caught.value.what
    assert caught.value.where == str(path)


def test_an_object_that_stands_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    save_snapshot(SNAPSHOT, path)
    body = json.loads(path.read_text(encoding="utf-8"))
    body["objects"].append(body["objects"][0])
    path.write_text(json.dumps(body), encoding="utf-8")
    with pytest.raises(UsageError, match="twice"):
        load_snapshot(path)


BYTES: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "not JSON"),
    "half": (b'{"schema_version": 1, "obj', "not JSON"),
    "no JSON": (b"create table t ();", "not JSON"),
    "a list": (b"[]", "not a snapshot"),
    "other bytes": (b"\xff\xfe", "not UTF-8"),
    "too deep": (b"[" * 100_000, "not JSON"),
}


@pytest.mark.parametrize("case", BYTES.values(), ids=BYTES)
def test_a_file_that_is_no_snapshot_is_refused(tmp_path: Path, case: tuple[bytes, str]) -> None:
    content, said = case
    (tmp_path / "s.json").write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        load_snapshot(tmp_path / "s.json")
    assert "s.json" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"nothing\.json.*No such file"):
        load_snapshot(tmp_path / "nothing.json")


def test_a_link_stays_and_a_pipe_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old", "utf-8")
    (tmp_path / "link.json").symlink_to("real.json")
    save_snapshot(SNAPSHOT, tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    assert load_snapshot(tmp_path / "real.json") == SNAPSHOT
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    save_snapshot(SNAPSHOT, tmp_path / "pipe")
    assert (tmp_path / "pipe").is_fifo()
    assert os.read(reader, 1 << 20) == (tmp_path / "real.json").read_bytes()
    os.close(reader)


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="this system has no /dev/full")
def test_a_device_that_takes_nothing_stays_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "full").symlink_to("/dev/full")
    with pytest.raises(UsageError, match="No space left on device"):
        save_snapshot(SNAPSHOT, tmp_path / "full")
    assert (tmp_path / "full").is_char_device()


def test_a_file_without_an_end_is_not_read_to_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(storage, "_MOST_BYTES", 10_000_000)
    (tmp_path / "endless.json").symlink_to("/dev/zero")
    with pytest.raises(UsageError, match="it exceeds 10,000,000 bytes"):
        load_snapshot(tmp_path / "endless.json")


@pytest.mark.parametrize("kind", sorted(storage._CLASSES))
@pytest.mark.parametrize("is_filled", [True, False])
def test_an_object_of_each_kind_is_the_same_by_the_quick_way_and_by_the_checked_one(kind: str, is_filled: bool) -> None:
    cls = storage._CLASSES[kind]
    hints = get_type_hints(cls)
    original = cls(**{each.name: value_of(hints[each.name], is_filled=is_filled) for each in fields(cls)})
    body = json.loads(json.dumps(to_json(original), sort_keys=True))
    made = storage.object_maker()(body)
    assert made == original == storage.parse_object(body)
    assert {each.name: type(getattr(made, each.name)) for each in fields(cls)} == {
        each.name: type(getattr(original, each.name)) for each in fields(cls)
    }
    for name in hints.keys() & body.keys():  # a value of another type is nobody's object, whichever way
        assert storage.object_maker()({**body, name: 0.5}) == {**body, name: 0.5}


def value_of(hint: Any, *, is_filled: bool) -> Any:
    """A value of a field's type; empty, or None, where the type has it."""
    if isinstance(hint, UnionType):
        return value_of(get_args(hint)[0], is_filled=True) if is_filled else None
    if get_origin(hint) is tuple:
        items = get_args(hint)
        if items[-1] is ...:
            return tuple(value_of(items[0], is_filled=True) for _ in range(2)) if is_filled else ()
        return tuple(value_of(item, is_filled=is_filled) for item in items)
    return {str: "größe", bool: is_filled, int: 7}[hint]
