"""The audit.toml to start from, as the settings classes describe it: every key, explained where it is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from migration_audit.model.errors import UsageError
from migration_audit.project.describe import Example, Shape, TableSpec
from migration_audit.project.json_schema import SCHEMA_FILE, schema_text
from migration_audit.project.keys import Key
from migration_audit.project.load import FILE_NAME
from migration_audit.project.settings import SCHEMA

FIRST_LINE: Final = f"#:schema ./{SCHEMA_FILE}\n"
"""Tells editors where the JSON Schema is."""
_HEAD: Final = """\
# audit.toml: what migration-audit compares, and against which databases.
#
# Every key is listed. Those behind # may be left out; where a default is used instead, it is the value shown or the text
# says so. Those behind #| replace the key that their text names. Relative paths start at this file. There is never a URL or
# a password in here: a connection is the name of an environment variable (dsn_env) or of an entry of pg_service.conf
# (service).
"""
_WIDTH: Final = 125


def template() -> str:
    """A valid audit.toml with a comment for every key; keys that may be left out are behind ``#``."""
    explained: list[Key | str] = []
    tables = [line for name, spec in SCHEMA.tables.items() for line in ("", "", *_table(name, spec, {}, explained))]
    return FIRST_LINE + _HEAD + "\n".join(tables[1:]) + "\n"


def examples_of(spec: TableSpec) -> tuple[Example, ...]:
    """The tables of an array, or of one name each, that show what they are for."""
    return spec.examples or (Example(values=dict.fromkeys(spec.keys, "")),)


def example_of(name: str, spec: TableSpec) -> str:
    """A value of a key, as TOML writes it: that of the first example of the table that has it, else its own."""
    key = (spec.any_table or spec).keys[name]
    return next((each.values[name] for each in spec.examples if each.values.get(name)), key.example or key.default)


def _table(name: str, spec: TableSpec, values: Mapping[str, str], explained: list[Key | str]) -> Iterator[str]:
    if spec.doc not in explained:
        explained.append(spec.doc)
        yield from _comment(spec.doc)
    if spec.shape is Shape.TABLE:
        values = {**(spec.examples[0].values if spec.examples else {}), **values}
        yield f"[{name}]" if spec.is_live else f"#[{name}]"
        yield from _keys(spec, {key: values.get(key, "") for key in spec.keys}, explained, is_live=spec.is_live)
    else:
        for position, example in enumerate(examples_of(spec)):
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
        yield from _table(f"{name}.{below}", each, named, explained)


def _keys(spec: TableSpec, values: Mapping[str, str], explained: list[Key | str], *, is_live: bool) -> Iterator[str]:
    for name, value in values.items():
        key = (spec.any_table or spec).keys[name]
        if key not in explained:
            explained.append(key)
            yield from _comment(key.doc)
        mark = "" if is_live and (key.is_live or key.required) else "#|" if key.replaces else "#"
        yield f"{mark}{name} = {value or example_of(name, spec)}"


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
