"""Which columns the frames of explorers have, of which dtype, and what they mean."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from itertools import pairwise
from typing import Any, Final, get_type_hints

from migration_audit.model.objects import CatalogObject

Columns = Mapping[str, tuple[str, str]]
"""Name of a column to its dtype and its meaning."""

_OBJECT: Final = {
    "kind": ("str", "kind of the object: column, index, hypertable, …"),
    "schema": ("str", "its schema; missing for what is in none, such as an extension"),
    "name": ("str", "its own name, without schema and table"),
    "key": ("str", "its name across databases: public.positions.device_id"),
}
_SHARED: Final = {
    "schema": "its schema",
    "table": "its table, without the schema",
    "name": "its own name",
    "owner": "the role that owns it",
    "privileges": "who may do what with it, an entry for each role (app: INSERT, SELECT); the owner's default is left out",
    "comment": "the text of COMMENT ON; missing without one",
}
"""What fields of these names hold, unless the kind of object documents its own."""
_DEFINED: Final = {
    "expected_defined_at": ("str", "file and line of the SQL that defines it on the expected side; missing for a database"),
    "actual_defined_at": ("str", "the same on the actual side"),
}
FRAMES: Final[Mapping[str, Columns]] = {
    "differences": {
        "severity": ("str", "blocker, warning or info"),
        "verdict": ("str", "missing (only in expected), unexpected (only in actual), changed or renamed"),
        **_OBJECT,
        "attribute": ("str", "the attribute that differs; empty for an object that one side lacks"),
        "expected": ("str", "its value on the expected side; missing where only an object is there or not"),
        "actual": ("str", "its value on the actual side"),
        "definition": ("str", "the whole object, on the side that has it: the expected one where both have it"),
        "part_of": ("str", "kind and key of the missing or unexpected object that takes it along: a table's columns"),
        "note": ("str", "what a person should know"),
        **_DEFINED,
    },
    "coverage": {
        **_OBJECT,
        "verdict": ("str", "same, missing, unexpected, changed, renamed, or not compared (out of scope, or not readable)"),
        "severity": ("str", "blocker, warning or info; missing where nothing differs"),
        "on_expected": ("bool", "whether the expected side has it"),
        "on_actual": ("bool", "whether the actual side has it"),
        **_DEFINED,
    },
    "checks": {
        "id": ("str", "the check: COV003"),
        "title": ("str", "what it asks"),
        "severity": ("str", "what a failure weighs: blocker, warning or info"),
        "outcome": ("str", "passed, failed, skipped, errored or pending"),
        "could_not_check": ("bool", "whether it, or a part of it, was due and could not be checked"),
        "findings": ("int64", "how many findings it has, waived ones too"),
        "waived": ("int64", "how many of them are waived"),
        "reason": ("str", "what it looked at, why it was skipped, or what went wrong"),
    },
    "findings": {
        "check": ("str", "the check that found it"),
        "severity": ("str", "what it weighs"),
        "key": ("str", "its name across runs, which a waiver gives"),
        "summary": ("str", "one sentence"),
        "expected": ("str", "the expected value"),
        "actual": ("str", "the actual value"),
        "where": ("str", "file and line, where a file defines it"),
        "fix_sql": ("str", "SQL to review; the audit never runs it"),
        "waived": ("str", "until when, by whom and why it is accepted"),
    },
    "probes": {
        "name": ("str", "the probe's name in audit.toml"),
        "sql": ("str", "the statement"),
        "role": ("str", "who ran it; missing for a stand-in with the writer's rights"),
        "arbiters": ("str", "the unique indexes that its ON CONFLICT uses, as the planner says"),
        "expected_arbiter": ("str", "the index that audit.toml names"),
        "error": ("str", "the server's message; missing where it ran"),
        "where": ("str", "the line of audit.toml"),
    },
}
"""The frames that do not depend on a kind of object."""


def object_columns(cls: type[CatalogObject]) -> Columns:
    """The columns of a kind of object: its fields, its key, and where SQL defines it."""
    return _object_columns(cls)  # type: ignore[arg-type]  # mypy takes a class for unhashable


@cache
def _object_columns(cls: type[CatalogObject]) -> Columns:
    hints, meanings = get_type_hints(cls), {**_SHARED, **_meanings(cls)}
    found = {f.name: (_dtype(hints[f.name]), meanings[f.name]) for f in fields(cls)}
    more = {"key": _OBJECT["key"], "defined_at": ("str", "file and line of the SQL that defines it; missing for a database")}
    return {**found, **more}


_DTYPES: Final = {
    (str, False): "str",
    (bool, False): "bool",
    (bool, True): "boolean",
    (int, False): "int64",
    (int, True): "Int64",
}


def _dtype(hint: Any) -> str:
    """The dtype of a field: text is ``str``, where None is missing; a list of texts is an object."""
    parts = getattr(hint, "__args__", ()) if not getattr(hint, "__origin__", None) else ()
    plain = [part for part in parts or (hint,) if part is not type(None)]
    if len(plain) != 1:
        return "object"
    if plain[0] is str:
        return "str"
    return _DTYPES.get((plain[0], type(None) in parts), "object")


def _meanings(cls: type[CatalogObject]) -> dict[str, str]:
    """The documentation of each field, as it is below it in the class and its bases."""
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base in (object, CatalogObject) or not issubclass(base, CatalogObject):
            continue
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(base))).body
        body = tree.body if isinstance(tree, ast.ClassDef) else []
        for field, after in pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                name = getattr(field.target, "id", "")
                found[name] = " ".join(str(after.value.value).replace("``", "").split()).rstrip(".")
    return found
