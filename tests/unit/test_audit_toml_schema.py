"""Template, reference page, JSON Schema and validator come from one description: none knows a key that another lacks."""

from __future__ import annotations

import dataclasses
import datetime
import importlib
import inspect
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

import migration_audit
import refresh_schema
from fix_audit_toml import ANY_NAME, documented_keys, walk
from migration_audit.cli import main
from migration_audit.cli.setup import initialise
from migration_audit.project import template
from migration_audit.project.describe import Shape, TableSpec
from migration_audit.project.documents import SCHEMA_FILE, json_schema, page
from migration_audit.project.keys import Key
from migration_audit.project.settings import SCHEMA
from migration_audit.project.validate import validate

REFEREE = jsonschema.Draft202012Validator(json_schema(), format_checker=jsonschema.FormatChecker())
FULL = tomllib.loads(re.sub(r"(?m)^#(?=[\[\w])", "", template()))
KEYS = {".".join((*path, name)): (spec, name, key) for path, spec in walk(SCHEMA) for name, key in spec.keys.items()}

VALUES: tuple[Any, ...] = (
    *(
        "",
        " ",
        "a",
        "a b",
        "a\nb",
        "\tx",
        "a\x00b",
        "é",
        "A-B",
        "*",
        "a.b",
        "a.b.c",
        'x."A""b"',
        '"Odd Name".x',
        "a:b",
        "c:/x",
    ),
    *(
        "/abs",
        "~/x",
        "../x",
        "x/../y",
        "..",
        "../..",
        "./..",
        "a/..",
        "..a/b",
        "a/..b",
        "../a/../b",
        "a\\b",
        "[x]",
        "a/*.sql",
    ),
    *("ab:/x", "ab:../y", "ab:x/../y", "local:/x", "local:x", "debian", "debian:sid", "main", "origin/main", "--output=x"),
    *("1.2.3", "v11.17.4", "11.17", "1 day", "0 days", "1 mon 2 days 03:04:05", "01:02:03", "14 days", "2 weeks", "daily"),
    *("info", "blocker", "files", "flyway", "names", "file", "stem", "npm", "command", "exact", "table", "RET001", "RET099"),
    *(
        "f" * 64,
        "f" * 63,
        "2027-01-31",
        "2027-02-30",
        "20270131",
        "2027-W05-1",
        "soon",
        "123",
        "ann@example.org",
        "ann smith",
    ),
    *("TRM_DSN", "1A", "ci@example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA", "goose.*", "naïve"),
    *(0, 1, -1, 2**31 - 1, 2**31, 2**70, True, False, 1.5),
    *(
        [],
        ["a"],
        ["a", "a"],
        ["a", ""],
        ["a", 1],
        [1],
        [["a"]],
        ["/x"],
        ["~/x"],
        ["../x"],
        ["a/../b"],
        ["a\\b"],
        ["é"],
        ["a b"],
    ),
    *(["a\nb"], ["1a"], ["preflight"], ["preflight", "retired"], ["retired", "retired"], ["ann@example.org"], ["ab:/x"]),
    *(["ci@example.org ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA"],),
    *(
        {},
        {"a": "b"},
        {"a": ""},
        {"A-B": "c"},
        {"": "x"},
        {"a": 1},
        {"é": "x"},
        {"a": "b\nc"},
        {"a b": "c"},
        [{}],
        [{"a": 1}],
    ),
)


def referee_of(key: Key) -> jsonschema.Draft202012Validator:
    """The published schema of one key."""
    (found,) = {json.dumps(schema, sort_keys=True) for name, schema in published() if KEYS[name][2] is key}
    return jsonschema.Draft202012Validator(json.loads(found), format_checker=jsonschema.FormatChecker())


def published(schema: dict[str, Any] | None = None, path: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """The full name of each key that the published schema has, and its schema."""
    schema = json_schema() if schema is None else schema
    schema = schema.get("items", schema)
    if isinstance(below := schema.get("additionalProperties"), dict):
        yield from published(below, (*path, ANY_NAME))
    for name, each in schema.get("properties", {}).items():
        here = (*path, name)
        if ".".join(here) in KEYS:
            yield ".".join(here), each
        else:
            yield from published(each, here)


def test_the_published_schema_has_every_key_and_no_other() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())
    assert [name for name, _ in published()] == list(KEYS)
    assert set(KEYS) == set(documented_keys(SCHEMA))
    assert all(schema["description"] for _, schema in published())


def test_the_page_has_every_key_and_no_other() -> None:
    found, table = [], ""
    for line in page().splitlines():
        if head := re.match(r"## \[+(.*?)\]+$", line):
            table = head[1].replace("NAME", ANY_NAME)
        elif row := re.match(r"\| \**`(\w+)`", line):
            found.append(f"{table}.{row[1]}")
    assert found == list(KEYS)


@pytest.mark.parametrize("name", KEYS)
def test_a_key_accepts_what_its_schema_accepts(name: str) -> None:
    _, _, key = KEYS[name]
    referee = referee_of(key)
    differing = [value for value in VALUES if key.accepts(value) != referee.is_valid(value)]
    assert differing == []


def test_the_values_are_of_both_kinds_for_each_key() -> None:
    for name, (_, _, key) in KEYS.items():
        assert {key.accepts(value) for value in VALUES} == {True, False}, name


@pytest.mark.parametrize("value", ["a\u200bb", "a\u00a0b"], ids=["zero width space", "no-break space"])
def test_only_the_validator_knows_what_cannot_be_printed(value: str) -> None:
    _, _, key = KEYS["project.name"]
    assert (key.accepts(value), referee_of(key).is_valid(value)) == (False, True)


def test_a_date_of_toml_is_a_text_to_editors() -> None:
    _, _, key = KEYS["waiver.expires"]
    assert key.accepts(datetime.date(2027, 1, 31))
    assert not key.accepts(datetime.datetime(2027, 1, 31, tzinfo=datetime.UTC))
    assert not KEYS["project.name"][2].accepts(datetime.date(2027, 1, 31))


def as_json(document: Any) -> Any:
    return json.loads(json.dumps(document, default=str))


def agreed(document: dict[str, Any]) -> bool:
    """Whether validator and published schema both take a document; they have to agree."""
    problems = validate(document)
    assert (problems == []) == REFEREE.is_valid(as_json(document)), problems
    return problems == []


def test_the_template_is_valid() -> None:
    assert agreed(tomllib.loads(template()))
    assert agreed(FULL)


def tables(spec: TableSpec, value: Any, name: str) -> Iterator[tuple[str, TableSpec, dict[str, Any]]]:
    """Every table of a document with its description."""
    for number, item in enumerate(value if spec.shape is Shape.ARRAY else [value]):
        yield (f"{name}[{number}]" if spec.shape is Shape.ARRAY else name), spec, item
        for below, each in item.items():
            if (inner := spec.tables.get(below, spec.any_table)) is not None and below not in spec.keys:
                yield from tables(inner, each, f"{name}.{below}".lstrip("."))


PLACES = {name: number for number, (name, _, _) in enumerate(tables(SCHEMA, FULL, ""))}


@pytest.mark.parametrize("place", PLACES)
def test_a_table_is_refused_alike(place: str) -> None:
    def changed(change: Any) -> bool:
        document = json.loads(json.dumps(FULL, default=str))
        _, spec, table = list(tables(SCHEMA, document, ""))[PLACES[place]]
        change(spec, table)
        return agreed(document)

    spec = next(spec for name, spec, _ in tables(SCHEMA, FULL, "") if name == place)
    assert changed(lambda _, table: None)
    assert not changed(lambda _, table: table.update({"no_such": 1}))
    for required in [name for name, each in (*spec.keys.items(), *spec.tables.items()) if each.required]:
        assert not changed(lambda _, table, name=required: table.pop(name))
    for below in spec.tables:
        assert not changed(lambda _, table, name=below: table.update({name: "text"}))


@pytest.mark.parametrize("value", [[], ["a", {}], {}, [{}], 1, True, "", "a"], ids=json.dumps)
def test_a_value_of_any_type_is_a_problem_and_never_a_crash(value: Any) -> None:
    refused = 0
    for name, (_, key_name, _) in KEYS.items():
        top = name.partition(".")[0]
        document = {table: FULL[table] for table in ("project", "legacy", "owner", "environments", top)}
        document[top] = json.loads(json.dumps(FULL[top], default=str))
        specs = ((spec, table) for _, spec, table in tables(SCHEMA, document, ""))
        table = next(table for spec, table in specs if spec is KEYS[name][0])
        table[key_name] = value
        refused += validate(document) != []
    assert refused > 100


def test_init_leads_editors_to_the_schema_next_to_it(tmp_path: Path) -> None:
    initialise(tmp_path, notebooks=False)
    first, *_ = (tmp_path / "audit.toml").read_text("utf-8").splitlines()
    assert first == f"#:schema ./{SCHEMA_FILE}"
    published = refresh_schema.FILE.with_name(SCHEMA_FILE).read_text("utf-8")
    assert (tmp_path / SCHEMA_FILE).read_text("utf-8") == published, "run `make schema`"
    (tmp_path / SCHEMA_FILE).write_text("{}")
    ran = CliRunner().invoke(main, ["init", str(tmp_path), "--schema"])
    assert (ran.exit_code, ran.output) == (0, f"wrote {tmp_path / SCHEMA_FILE}\n")
    assert (tmp_path / SCHEMA_FILE).read_text("utf-8") == published
    ran = CliRunner().invoke(main, ["init", str(tmp_path / "nowhere"), "--schema"])
    assert (ran.exit_code, "cannot be written" in ran.output) == (2, True)


def as_toml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{json.dumps(name)} = {as_toml(each)}' for name, each in value.items())}}}"
    return f"[{', '.join(map(as_toml, value))}]" if isinstance(value, list) else json.dumps(value)


def in_place(name: str, value: Any) -> str:
    """A file that holds one key, as an editor shows it: what else is missing is a problem of its own."""
    *tables, key = (part.replace(ANY_NAME, "any") for part in name.split("."))
    spec, _, _ = KEYS[name]
    is_array = any(below.shape is Shape.ARRAY and below is spec for _, below in walk(SCHEMA))
    head = f"[[{'.'.join(tables)}]]" if is_array else f"[{'.'.join(tables)}]"
    return f"#:schema {refresh_schema.FILE.with_name(SCHEMA_FILE).as_uri()}\n{head}\n{key} = {as_toml(value)}\n"


@pytest.mark.slow
def test_an_editor_marks_what_the_audit_refuses(tmp_path: Path) -> None:
    """taplo, which editors use, has regular expressions of its own: it has to accept and to mark the same values."""
    expected: dict[str, bool] = {}
    each_kind = {json.dumps(key.schema, sort_keys=True): name for name, (_, _, key) in KEYS.items()}
    for number, name in enumerate(each_kind.values()):
        key = KEYS[name][2]
        for position, value in enumerate(VALUES):
            if isinstance(value, float) or (isinstance(value, int) and abs(value) > 2**62) or "\\u0000" in json.dumps(value):
                continue
            file = f"{number:03}-{position:03}.toml"
            (tmp_path / file).write_text(in_place(name, value), "utf-8")
            expected[file] = key.accepts(value)
    done = subprocess.run(
        [Path(sys.executable).with_name("taplo"), "check", "--colors", "never", *expected],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    problems = re.findall(r"error: (.*)\n +┌─ .*/([\d-]+\.toml):", done.stderr)
    marked = {file for message, file in problems if "is a required property" not in message}
    differing = {
        file: (tmp_path / file).read_text("utf-8") for file, accepted in expected.items() if accepted is (file in marked)
    }
    assert differing == {}


NEW_KEY = """
    wait: int = setting(keys.seconds(), "Seconds that a start of the stack may take.", default=90)
"""
USE = """
import tomllib
from pathlib import Path
from migration_audit.project import load_project, template
from migration_audit.project.documents import json_schema
from migration_audit.project.documents import page
path = Path("audit.toml")
text = template()
path.write_text(text)
print(load_project(path).boot.wait)
path.write_text(text.replace("#wait = 90", "wait = 7"))
print(load_project(path).boot.wait)
path.write_text(text.replace("#wait = 90", "wait = 0"))
try:
    load_project(path)
except Exception as error:
    print(error)
print(json_schema()["properties"]["boot"]["properties"]["wait"]["default"])
print(next(line for line in page().splitlines() if "`wait`" in line))
"""


def settings_classes() -> Iterator[type]:
    """The classes whose fields are read from audit.toml."""
    folder = Path(migration_audit.__file__).parent / "project"
    for path in sorted(folder.glob("[!_]*.py")):
        module = importlib.import_module(f"migration_audit.project.{path.stem}")
        for each in vars(module).values():
            if inspect.isclass(each) and each.__module__ == module.__name__ and dataclasses.is_dataclass(each):
                yield each


def test_each_setting_is_used() -> None:
    """A key that is accepted and that nothing reads would be a promise without effect."""
    sources = Path(migration_audit.__file__).parent.rglob("*.py")
    code = "".join(re.sub(r'\bname="[^"]*"', "", path.read_text("utf-8")) for path in sources)  # without the keys' own names
    used = set(re.findall(r"[\w)\]]\.([a-z_]\w*)", code))
    described = {
        (cls.__name__, each.name) for cls in settings_classes() for each in dataclasses.fields(cls) if each.metadata
    }
    assert len(described) > 100
    unused = [f"{cls}.{name}" for cls, name in sorted(described) if name not in used]
    assert not unused, f"nothing reads {', '.join(unused)}: use it, or remove the key"


@pytest.mark.slow
def test_a_new_key_touches_one_file(tmp_path: Path) -> None:
    """The recipe of CONTRIBUTING in a copy: template, validator, settings, page and JSON Schema have the key by one line."""
    copy = tmp_path / "lib" / "migration_audit"
    shutil.copytree(Path(migration_audit.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    room = copy / "project" / "boot.py"
    text = room.read_text("utf-8")
    at = text.index("    database_service: ")
    room.write_text(text[:at] + NEW_KEY.lstrip("\n") + text[at:], "utf-8")
    command = [sys.executable, "-P", "-c", USE]
    done = subprocess.run(
        command, cwd=tmp_path, env={"PYTHONPATH": str(copy.parent)}, capture_output=True, text=True, check=True
    )
    default, given, refused, todo, schema, row = done.stdout.splitlines()
    assert (default, given, schema) == ("90", "7", "90")
    line = next(
        n for n, each in enumerate((tmp_path / "audit.toml").read_text("utf-8").splitlines(), 1) if each == "wait = 0"
    )
    expected = "boot.wait is wrong: expected a whole number of seconds, at least 1; found another whole number"
    assert refused == f"audit.toml:{line}: {expected}"
    assert todo.strip().startswith("→")
    assert (
        row
        == "| `wait` | a whole number of seconds, at least 1 | `90` | `90` | Seconds that a start of the stack may take. |"
    )
