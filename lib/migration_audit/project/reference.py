"""The reference page of audit.toml, docs/audit-toml.md: each table and key, its meaning, type, default and an example."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from migration_audit.project.describe import Shape, TableSpec
from migration_audit.project.keys import Key
from migration_audit.project.settings import SCHEMA
from migration_audit.project.template import example_of

_HEAD: Final = """\
# audit.toml: every table and key

Written by `make schema` from the settings classes in `lib/migration_audit/project/`.

`migration-audit init` writes an audit.toml with all of this as comments, and its JSON Schema (`audit.schema.json`) into the
same folder. The first line of audit.toml, `#:schema ./audit.schema.json`, leads editors with taplo to it (such as Visual
Studio Code with Even Better TOML): they complete and check the keys while you write. After an upgrade, `migration-audit init
--schema` writes it again. `migration-audit check static` checks a file as the audit does, without a database. Relative paths
start at the folder of audit.toml. **Bold** keys are required.
"""


def page() -> str:
    """The text of the page."""
    explained: list[tuple[Key, str]] = []
    return _HEAD + "".join(text for name, spec in SCHEMA.tables.items() for text in _table(name, spec, explained))


def _table(name: str, spec: TableSpec, explained: list[tuple[Key, str]]) -> Iterator[str]:
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
        cells = (shown, _prose(_value(key)), _code(key.default), _code(example_of(key_name, spec)), meaning)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"
    for below, each in spec.tables.items():
        yield from _table(f"{name}.{below}", each, explained)


def _value(key: Key) -> str:
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
