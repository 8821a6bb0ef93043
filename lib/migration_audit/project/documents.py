"""What is written from the settings classes: the audit.toml to start from, its JSON Schema, and its reference page."""

from __future__ import annotations

import json
import re
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from migration_audit.model.errors import UsageError
from migration_audit.project.describe import Example, Shape, TableSpec
from migration_audit.project.keys import PRINTABLE, Key
from migration_audit.project.load import FILE_NAME
from migration_audit.project.settings import SCHEMA

SCHEMA_FILE: Final = "audit.schema.json"
FIRST_LINE: Final = f"#:schema ./{SCHEMA_FILE}\n"
"""Tells editors where the JSON Schema is."""
_TEMPLATE_HEAD: Final = """\
# audit.toml: what migration-audit compares, and against which databases.
#
# Every key is listed. Those behind # may be left out; where a default is used instead, it is the value shown or the text
# says so. Those behind #| replace the key that their text names. Relative paths start at this file. There is never a URL or
# a password in here: a connection is the name of an environment variable (dsn_env) or of an entry of pg_service.conf
# (service).
"""
_WIDTH: Final = 125
"""The name of the schema file next to an audit.toml."""
_PAGE_HEAD: Final = """\
# audit.toml: every table and key

Written by `make schema` from the settings classes in `lib/migration_audit/project/`.

`migration-audit init` writes an audit.toml with all of this as comments, and its JSON Schema (`audit.schema.json`) into the
same folder. The first line of audit.toml, `#:schema ./audit.schema.json`, leads editors with taplo to it (such as Visual
Studio Code with Even Better TOML): they complete and check the keys while you write. After an upgrade, `migration-audit init
--schema` writes it again. `migration-audit check static` checks a file as the audit does, without a database. Relative paths
start at the folder of audit.toml. **Bold** keys are required.
"""


def template() -> str:
    """A valid audit.toml with a comment for every key; keys that may be left out are behind ``#``."""
    explained: list[Key | str] = []
    tables = [line for name, spec in SCHEMA.tables.items() for line in ("", "", *_template_table(name, spec, {}, explained))]
    return FIRST_LINE + _TEMPLATE_HEAD + "\n".join(tables[1:]) + "\n"


def _examples_of(spec: TableSpec) -> tuple[Example, ...]:
    """The tables of an array, or of one name each, that show what they are for."""
    return spec.examples or (Example(values=dict.fromkeys(spec.keys, "")),)


def _example_of(name: str, spec: TableSpec) -> str:
    """A value of a key, as TOML writes it: that of the first example of the table that has it, else its own."""
    key = (spec.any_table or spec).keys[name]
    return next((each.values[name] for each in spec.examples if each.values.get(name)), key.example or key.default)


def _template_table(name: str, spec: TableSpec, values: Mapping[str, str], explained: list[Key | str]) -> Iterator[str]:
    if spec.doc not in explained:
        explained.append(spec.doc)
        yield from _comment(spec.doc)
    if spec.shape is Shape.TABLE:
        values = {**(spec.examples[0].values if spec.examples else {}), **values}
        yield f"[{name}]" if spec.is_live else f"#[{name}]"
        yield from _keys(spec, {key: values.get(key, "") for key in spec.keys}, explained, is_live=spec.is_live)
    else:
        for position, example in enumerate(_examples_of(spec)):
            if position:
                yield ""
            yield from _comment(example.doc)
            is_live = spec.is_live and position == 0
            head = f"[[{name}]]" if spec.shape is Shape.ARRAY else f"[{name}.{example.name}]"
            yield head if is_live else f"#{head}"
            yield from _keys(spec, example.values, explained, is_live=is_live)
    for below, each in spec.tables.items():
        yield ""
        named = {key.removeprefix(f"{below}."): value for key, value in values.items() if key.startswith(f"{below}.")}
        yield from _template_table(f"{name}.{below}", each, named, explained)


def _keys(spec: TableSpec, values: Mapping[str, str], explained: list[Key | str], *, is_live: bool) -> Iterator[str]:
    for name, value in values.items():
        key = (spec.any_table or spec).keys[name]
        if key not in explained:
            explained.append(key)
            yield from _comment(key.doc)
        mark = "" if is_live and (key.is_live or key.required) else "#|" if key.replaces else "#"
        yield f"{mark}{name} = {value or _example_of(name, spec)}"


def _comment(doc: str) -> Iterator[str]:
    return iter(textwrap.wrap(doc, _WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False))


def write_template(directory: Path) -> Path:
    """Write the template as ``directory/audit.toml``; raises UsageError like ``write_configuration``."""
    return write_configuration(directory, template())


def write_schema(directory: Path) -> Path:
    """Write the JSON Schema of this version into the directory, for editors; raises UsageError where that cannot be done."""
    path = directory / SCHEMA_FILE
    try:
        path.write_text(schema_text(), "utf-8", newline="\n")
    except OSError as error:
        todo = "name a directory that is there and can be written"
        raise UsageError(f"cannot be written: {error.strerror}", where=str(path), todo=todo) from error
    return path


def write_configuration(directory: Path, text: str) -> Path:
    """Write ``directory/audit.toml``, making the directory if need be; gives back its path.

    Raises UsageError when there is an audit.toml already, or none can be written.
    """
    path = directory / FILE_NAME
    try:
        if not directory.is_dir():
            directory.mkdir(parents=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise UsageError("already exists", where=error.filename, todo="edit it, or name another directory") from None
    except OSError as error:
        todo = "name a directory that can be written"
        raise UsageError(f"cannot be written: {error.strerror}", where=str(path), todo=todo) from error
    return path


def json_schema() -> dict[str, Any]:
    """The schema of a whole audit.toml (draft 2020-12); a date of TOML is a text of the format ``date``.

    It says of each key what ``keys`` says; rules about several keys, secrets and repositories are the validator's alone.
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "audit.toml of migration-audit",
        **_table_schema(SCHEMA),
    }


def schema_text() -> str:
    """The schema as a file."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def _table_schema(spec: TableSpec) -> dict[str, Any]:
    doc = {"description": spec.doc} if spec.doc else {}
    if spec.any_table is not None:
        return {
            **doc,
            "type": "object",
            "minProperties": int(spec.required),
            "additionalProperties": _table_schema(spec.any_table),
        }
    required = [
        *(name for name, key in spec.keys.items() if key.required),
        *(name for name, below in spec.tables.items() if below.required),
    ]
    found = {
        "type": "object",
        "properties": {
            **{name: _key(key) for name, key in spec.keys.items()},
            **{name: _table_schema(below) for name, below in spec.tables.items()},
        },
        "additionalProperties": False,
        **({"required": required} if required else {}),
    }
    return {**doc, "type": "array", "items": found} if spec.shape is Shape.ARRAY else {**doc, **found}


def _key(key: Key) -> dict[str, Any]:
    expected = f"Expected: {key.expected}."
    return {
        "description": f"{key.doc}\n{expected}" if key.doc else expected,
        **_published(key.schema),
        **({"default": _value_schema(key.default)} if key.default else {}),
        **({"examples": [_value_schema(key.example)]} if key.example else {}),
    }


def _published(schema: Any) -> Any:
    """Without the format that is ours alone."""
    if isinstance(schema, list):
        return [_published(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _published(each) for name, each in schema.items() if (name, each) != ("format", PRINTABLE)}


def _value_schema(text: str) -> Any:
    return json.loads(json.dumps(tomllib.loads(f"value = {text}")["value"], default=str))


def page() -> str:
    """The text of the page."""
    explained: list[tuple[Key, str]] = []
    return _PAGE_HEAD + "".join(text for name, spec in SCHEMA.tables.items() for text in _page_table(name, spec, explained))


def _page_table(name: str, spec: TableSpec, explained: list[tuple[Key, str]]) -> Iterator[str]:
    full = {Shape.ARRAY: f"[[{name}]]", Shape.NAMED: f"[{name}.NAME]"}.get(spec.shape, f"[{name}]")
    yield f"\n## {full}\n\n"
    if spec.doc:
        yield f"{_prose(spec.doc)}\n\n"
    yield "| key | value | default | example | meaning |\n|---|---|---|---|---|\n"
    for key_name, key in (spec.any_table or spec).keys.items():
        shown = f"**`{key_name}`**" if key.required else f"`{key_name}`"
        before = next((table for each, table in explained if each == key and table != full), None)
        explained.append((key, full))
        meaning = _prose(key.doc) if before is None else f"as in {before}"
        cells = (shown, _prose(_page_value(key)), _code(key.default), _code(_example_of(key_name, spec)), meaning)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"
    for below, each in spec.tables.items():
        yield from _page_table(f"{name}.{below}", each, explained)


def _page_value(key: Key) -> str:
    """The type, which is in most cases the first word of what an error expects."""
    if key.schema.get("format") == "date":
        return f"date: {key.expected}"
    is_text = key.schema.get("type") == "string"
    return f"text: {key.expected}" if is_text else key.expected


def _code(text: str) -> str:
    fence = "``" if "`" in text else "`"
    return f"{fence}{text}{fence}" if text else ""


def _prose(text: str) -> str:
    """The text of a comment as Markdown: nothing in it is markup but code between backticks."""
    parts = text.split("`")
    plain = [re.sub(r"([*<_])", r"\\\1", part) for part in parts[::2]]
    return "`".join(part for pair in zip(plain, [*parts[1::2], ""], strict=True) for part in pair).removesuffix("`")
