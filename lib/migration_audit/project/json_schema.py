"""The JSON Schema of audit.toml, by which editors complete and check it while it is written.

It says of each key what ``keys`` says; rules about several keys, secrets and repositories are the validator's alone.
"""

from __future__ import annotations

import json
import tomllib
from typing import Any, Final

from migration_audit.project.describe import Shape, TableSpec
from migration_audit.project.keys import PRINTABLE, Key
from migration_audit.project.settings import SCHEMA

SCHEMA_FILE: Final = "audit.schema.json"
"""The name of the schema file next to an audit.toml."""


def json_schema() -> dict[str, Any]:
    """The schema of a whole audit.toml (draft 2020-12); a date of TOML is a text of the format ``date``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "audit.toml of migration-audit",
        **_table(SCHEMA),
    }


def schema_text() -> str:
    """The schema as a file."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


def _table(spec: TableSpec) -> dict[str, Any]:
    doc = {"description": spec.doc} if spec.doc else {}
    if spec.any_table is not None:
        return {**doc, "type": "object", "minProperties": int(spec.required), "additionalProperties": _table(spec.any_table)}
    required = [
        *(name for name, key in spec.keys.items() if key.required),
        *(name for name, below in spec.tables.items() if below.required),
    ]
    found = {
        "type": "object",
        "properties": {
            **{name: _key(key) for name, key in spec.keys.items()},
            **{name: _table(below) for name, below in spec.tables.items()},
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
        **({"default": _value(key.default)} if key.default else {}),
        **({"examples": [_value(key.example)]} if key.example else {}),
    }


def _published(schema: Any) -> Any:
    """Without the format that is ours alone."""
    if isinstance(schema, list):
        return [_published(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _published(each) for name, each in schema.items() if (name, each) != ("format", PRINTABLE)}


def _value(text: str) -> Any:
    return json.loads(json.dumps(tomllib.loads(f"value = {text}")["value"], default=str))
