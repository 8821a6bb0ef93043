"""A Directus snapshot file is read with the line of each entry, or refused at the line where it is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fix_directus import DATA, SHOWN, read, real, whole
from migration_audit.artifacts.directus_snapshot import read_directus_snapshot
from migration_audit.artifacts.directus_version import version_of_image, version_of_package
from migration_audit.checks.directus_rules import (
    COLLECTION_META,
    FIELD_SCHEMA,
    RELATION_META,
    RELATION_SCHEMA,
    SYSTEM_FIELDS,
    lacking,
)
from migration_audit.model.directus import DirectusVersion
from migration_audit.model.errors import ArtifactError
from migration_audit.workbook.demo import demo_root

VERSIONS = ["11.17.4", "12.3.1", "12.4.0"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_real_file_is_read_with_lines(version: str) -> None:
    snapshot = whole(version)
    lines = (DATA / f"directus-schema-{version}.yaml").read_text().splitlines()
    assert (snapshot.directus, snapshot.vendor) == (version, "postgres")
    assert [len(x) for x in (snapshot.collections, snapshot.fields, snapshot.relations)] == [3, 11, 2]
    for collection in snapshot.collections:
        assert lines[collection.at.line - 1].strip() == f"- collection: {collection.name}"
    for field in snapshot.fields:
        assert lines[field.at.line].strip() == f"field: {field.name}"
    for relation in snapshot.relations:
        assert lines[relation.at.line].strip() == f"field: {relation.field}"
    assert all(lines[line - 1].startswith(f"{name}:") for name, line in snapshot.lines)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_keys_of_the_rules_are_those_that_the_real_tool_writes(version: str) -> None:
    snapshot, written = whole(version), DirectusVersion.parse(version)
    assert written is not None
    for found, keys in [
        *((c.meta, COLLECTION_META) for c in snapshot.collections),
        *((f.column.keys, FIELD_SCHEMA) for f in snapshot.fields if f.column),
        *((r.meta, RELATION_META) for r in snapshot.relations),
        *((r.schema, RELATION_SCHEMA) for r in snapshot.relations),
    ]:
        assert lacking(found or (), keys, written) == ()
        assert set(found or ()) == {key for key, since in keys.items() if since <= written}
    assert snapshot.system_fields == SYSTEM_FIELDS


def test_what_the_checks_look_at_is_there() -> None:
    snapshot = whole()
    imei = next(f for f in snapshot.fields if f.name == "imei")
    assert imei.column is not None
    assert (imei.type, imei.column.data_type, imei.column.is_unique, imei.column.is_nullable) == (
        "string",
        "character varying",
        True,
        False,
    )
    organization = next(f for f in snapshot.fields if f.name == "organization")
    assert organization.column is not None
    assert organization.column.foreign_key_table == "organizations"


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
    assert [(c.name, c.meta, c.table) for c in snapshot.collections] == [
        ("folder", (), None),
        ("ghost", (), None),
        ("old", None, "old"),
    ]
    alias, plain = snapshot.fields
    assert (alias.column, alias.has_schema) == (None, True)
    assert plain.name == "yes"
    assert snapshot.line("relations") is None
    assert snapshot.at("relations") == f"{SHOWN}:1"


REFUSED = {
    "a tab": ("version: 1\ncollections:\n\t- a", 3, "is not YAML"),
    "an open bracket": ("version: 1\ncollections: [", 2, "is not YAML"),
    "a key twice": ("version: 1\nvendor: a\nvendor: b", 3, "the key 'vendor' stands twice"),
    "a key of an entry twice": (
        "version: 1\ncollections:\n  - collection: a\n    meta: {}\n    meta: {}",
        5,
        "the key 'meta' stands twice",
    ),
    "two documents": ("version: 1\n---\nversion: 1", 2, "is not YAML"),
    "a list": ("- version: 1", 1, "the file is not a mapping"),
    "nothing": ("", 1, "is empty"),
    "another format": ("directus: 12.4.0\nversion: 2", 2, "format 2, expected version: 1"),
    "no version": ("directus: 12.4.0", 1, "without a version"),
    "collections as a mapping": ("version: 1\ncollections:\n  a: b", 2, "collections is not a list"),
    "an entry without a name": ("version: 1\ncollections:\n  - meta: {}", 3, "an entry has no collection"),
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


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="there is no such file"):
        read_directus_snapshot(tmp_path / "none.yaml", shown=SHOWN)
    (tmp_path / "latin.yaml").write_bytes(b"version: 1\nvendor: \xe4")
    with pytest.raises(ArtifactError, match="is not UTF-8"):
        read_directus_snapshot(tmp_path / "latin.yaml", shown=SHOWN)


def test_the_demos_snapshot_is_whole() -> None:
    snapshot = read_directus_snapshot(demo_root() / "directus/snapshots/schema.yaml", shown=SHOWN)
    written = DirectusVersion(11, 17, 4)
    assert {c.name for c in snapshot.collections} == {"devices", "vehicles"}
    assert not [c for c in snapshot.collections if lacking(c.meta or (), COLLECTION_META, written)]
    assert not [f for f in snapshot.fields if f.column and lacking(f.column.keys, FIELD_SCHEMA, written)]


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
        ("^11.17.0", {}, None, "no lock file says"),
        ("^11.17.0", {"package-lock.json": "{}"}, None, "no lock file says"),
        ("^11.17.0", {"package-lock.json": "{"}, None, "no lock file says"),
        ("latest", {}, None, "wants directus latest"),
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
def test_a_package_without_directus_is_told(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "package.json").write_text(text)
    assert "directus/package.json" in (version_of_package(tmp_path, shown="directus").reason or "")
