"""A Directus snapshot file is read with the line of each entry, or refused at the line where it is none."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from fix_directus import DATA, SHOWN, behaviour, boots, read, real, whole
from migration_audit.artifacts.directus.snapshot import js_value, read_directus_snapshot
from migration_audit.artifacts.directus.version import version_of_image, version_of_package
from migration_audit.audit.demo import demo_root
from migration_audit.directus.apply import APPLIED, NO_CHANGES
from migration_audit.directus.system_tables import bootstrapped
from migration_audit.model.errors import ArtifactError

VERSIONS = ["11.17.4", "12.3.1", "12.4.0"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_real_file_is_read_with_lines(version: str) -> None:
    snapshot = whole(version)
    lines = (DATA / f"directus-schema-{version}.yaml").read_text().splitlines()
    assert (snapshot.directus, snapshot.vendor) == (version, "postgres")
    assert [len(x) for x in (snapshot.collections, snapshot.fields, snapshot.relations)] == [3, 11, 2]
    for collection in snapshot.collections:
        assert lines[collection.at.line - 1].strip() == f"- collection: {collection.collection}"
    for field in snapshot.fields:
        assert lines[field.at.line].strip() == f"field: {field.field}"
    for relation in snapshot.relations:
        assert lines[relation.at.line].strip() == f"field: {relation.field}"
    assert all(lines[line - 1].startswith(f"{name}:") for name, line in snapshot.lines)


def test_the_body_is_what_directus_gets(tmp_path: Path) -> None:
    assert whole().body == real()
    assert read(tmp_path, json.dumps(real()), "schema.json").body == real()


SCALARS = {
    "yes": "yes",
    "'true'": "true",
    "true": True,
    "~": None,
    "": None,
    "0o17": 15,
    "017": 17,
    "0x1F": 31,
    "1_000": "1_000",
    "0777": 777,
    "-0b11": -3,
    "1e400": "1e400",
    ".5": 0.5,
    ".inf": {"$number": ".inf"},
    "99999999999999999999": 100000000000000000000,
    "{1.0: a, yes: b, ~: c, 0x10: d}": {"1": "a", "yes": "b", "null": "c", "16": "d"},
    "{<<: {a: 1, b: 1}, b: 2}": {"a": 1, "b": 2},
    "{b: 2, <<: [{a: 1, b: 1}, {a: 3, c: 3}]}": {"a": 1, "b": 2, "c": 3},
    "1.50": 1.5,
    "1e3": 1000,
    "2026-01-02": {"$date": "2026-01-02"},
    "'2026-01-02'": "2026-01-02",
    "nextval('a'::regclass)": "nextval('a'::regclass)",
    "1:30": "1:30",
}


@pytest.mark.parametrize(("text", "value"), SCALARS.items())
def test_scalars_are_those_of_js_yaml(text: str, value: object) -> None:
    node = yaml.compose(f"key: {text}", Loader=yaml.SafeLoader)
    found = js_value(node)["key"]
    assert (type(found), found) == (type(value), value)


def test_json_is_read_too(tmp_path: Path) -> None:
    assert len(read(tmp_path, json.dumps(real(), indent=2), "schema.json").fields) == 11


def test_an_alias_and_a_folder_have_no_table(tmp_path: Path) -> None:
    text = (
        "version: 1\ndirectus: 11.17.4\ncollections:\n  - {collection: folder, meta: {}}\n"
        "  - {collection: ghost, meta: {}, schema: null}\n  - {collection: old, meta: null, schema: {name: old}}\n"
        "fields:\n  - {collection: a, field: b, type: alias, meta: {}, schema: null}\n"
        "  - {collection: a, field: yes, type: string, meta: {}, schema: {name: 'no', default_value: [1]}}\n"
    )
    snapshot = read(tmp_path, text)
    assert [c.collection for c in snapshot.collections] == ["folder", "ghost", "old"]
    assert [f.field for f in snapshot.fields] == ["b", "yes"]
    assert snapshot.body["fields"][1]["field"] == "yes"
    assert snapshot.column("a", "b") is None
    assert snapshot.line("relations") is None
    assert snapshot.at("relations") == f"{SHOWN}:1"


REFUSED = {
    "a tab": ("version: 1\ncollections:\n\t- a", 3, "is not YAML"),
    "an open bracket": ("version: 1\ncollections: [", 2, "is not YAML"),
    "a key twice": ("version: 1\nvendor: a\nvendor: b", 3, "the key 'vendor' appears twice"),
    "a key of an entry twice": (
        "version: 1\ncollections:\n  - collection: a\n    meta: {}\n    meta: {}",
        5,
        "the key 'meta' appears twice",
    ),
    "two documents": ("version: 1\n---\nversion: 1", 2, "is not YAML"),
    "a list": ("- version: 1", 1, "the file is not a mapping"),
    "nothing": ("", 1, "is empty"),
    "another format": ("directus: 12.4.0\nversion: 3", 2, "format 3, expected version: 1"),
    "no version": ("directus: 12.4.0", 1, "without a version"),
    "collections as a mapping": ("version: 1\ncollections:\n  a: b", 2, "collections is not a list"),
    "an entry without a name": ("version: 1\ncollections:\n  - meta: {}", 3, "an entry lacks collection"),
    "an entry that is a text": ("version: 1\n\nfields:\n  - a", 4, "an entry of fields is not a mapping"),
    "meta as a list": ("version: 1\ncollections:\n  - collection: a\n    meta: []", 4, "meta is not a mapping"),
    "a merge key": ("version: 1\ncollections:\n  - <<: {}", 3, "does not write"),
    "an unknown alias": ("version: 1\nvendor: *x", 2, "is not YAML"),
}


@pytest.mark.parametrize(("text", "line", "what"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_snapshot_is_refused_at_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        read(tmp_path, text)
    assert what in caught.value.what
    assert caught.value.where == f"{SHOWN}:{line}"
    assert caught.value.todo


UNREADABLE = {
    "missing": (lambda _: None, "the file does not exist"),
    "latin 1": (lambda path: path.write_bytes(b"version: 1\nvendor: \xe4"), rf"{SHOWN}:2: is not UTF-8"),
    "a pipe": (os.mkfifo, "is not a file"),
}


@pytest.mark.parametrize(("make", "what"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, make: Callable[[Path], object], what: str) -> None:
    make(tmp_path / "snapshot.yaml")
    with pytest.raises(ArtifactError, match=what):
        read_directus_snapshot(tmp_path / "snapshot.yaml", shown=SHOWN)


def test_the_demos_snapshot_is_applied_without_loss() -> None:
    snapshot = read_directus_snapshot(demo_root() / "directus/snapshots/schema.yaml", shown=SHOWN)
    found, _ = boots(bootstrapped(behaviour("11.17.4")), snapshot.body, behaviour("11.17.4"), times=2)
    assert [done.message for done in found] == [APPLIED, NO_CHANGES]


@pytest.mark.parametrize(
    ("base", "version", "reason"),
    [
        ("directus/directus:11.17.4", "11.17.4", None),
        ("docker.io/directus/directus:v10.13.4", "10.13.4", None),
        ("registry.example:5000/mirror/directus/directus:12.4.0@sha256:0a", "12.4.0", None),
        ("directus/directus", None, "the tag latest moves"),
        ("directus/directus:latest", None, "the tag latest moves"),
        ("directus/directus:11.17", None, "the tag 11.17 moves"),
        ("directus/directus:11", None, "the tag 11 moves"),
        ("directus/directus:12.0.0-rc.1", None, "the tag 12.0.0-rc.1 moves"),
    ],
)
def test_the_tag_of_an_image_names_a_release_or_none(base: str, version: str | None, reason: str | None) -> None:
    target = version_of_image(base, where="Dockerfile:1")
    assert target is not None
    assert (str(target.version) if target.version else None) == version
    assert (reason is None) is (target.reason is None)
    assert reason is None or reason in (target.reason or "")


@pytest.mark.parametrize("base", ["node:22", "acme/directus:1.2.3", "scratch", "directus/directusx:11.17.4", "${BASE}"])
def test_another_image_says_nothing_of_directus(base: str) -> None:
    assert version_of_image(base, where=None) is None


NPM = {"packages": {"node_modules/directus": {"version": "11.17.4"}, "node_modules/directus/node_modules/directus": {}}}
PNPM = "importers:\n  .:\n    dependencies:\n      directus:\n        specifier: ^11\n        version: 11.17.4(x@1.0.0)\n"
YARN = '"directus@^11.0.0":\n  version "11.17.4"\n  resolved "x"\n'
BERRY = '"directus@npm:^11.0.0":\n  version: 11.17.4\n'


@pytest.mark.parametrize(
    ("wanted", "files", "version", "named"),
    [
        ("11.17.4", {}, "11.17.4", "directus/package.json"),
        ("^11.17.0", {"package-lock.json": json.dumps(NPM)}, "11.17.4", "directus/package-lock.json"),
        ("^11", {"pnpm-lock.yaml": PNPM}, "11.17.4", "directus/pnpm-lock.yaml"),
        ("^11.0.0", {"yarn.lock": YARN}, "11.17.4", "directus/yarn.lock"),
        ("^11.0.0", {"yarn.lock": BERRY}, "11.17.4", "directus/yarn.lock"),
        ("^11.17.0", {}, None, "no lock file pins the release"),
        ("^11.17.0", {"package-lock.json": "{}"}, None, "no lock file pins the release"),
        ("^11.17.0", {"package-lock.json": "{"}, None, "no lock file pins the release"),
        ("latest", {}, None, "requires directus latest"),
    ],
    ids=["exact", "npm", "pnpm", "yarn 1", "yarn 3", "range", "lock without it", "broken lock", "latest"],
)
def test_a_package_names_a_release_or_none(
    tmp_path: Path, wanted: str, files: dict[str, str], version: str | None, named: str
) -> None:
    (tmp_path / "package.json").write_text(json.dumps({"dependencies": {"directus": wanted}}))
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    target = version_of_package(tmp_path, shown="directus")
    assert (str(target.version) if target.version else None) == version
    assert named in (target.named if version else target.reason or "")


@pytest.mark.parametrize("text", [None, "{", "[]", "{}"], ids=["none", "broken", "a list", "no dependency"])
def test_a_package_without_directus_is_reported(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "package.json").write_text(text)
    assert "directus/package.json" in (version_of_package(tmp_path, shown="directus").reason or "")
