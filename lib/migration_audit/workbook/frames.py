"""The frames of explorers, with the columns that ``workbook.columns`` documents; an empty frame has them too."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, get_type_hints

from migration_audit.model.drift import Difference, Drift
from migration_audit.model.errors import UsageError
from migration_audit.model.finding import CheckResult
from migration_audit.model.identifiers import dotted
from migration_audit.model.location import Location
from migration_audit.model.objects import CatalogObject
from migration_audit.model.preflight import OriginMap, ProbeResult
from migration_audit.model.relations import Column, Table
from migration_audit.model.snapshot import Snapshot
from migration_audit.workbook.catalogs import ReadCatalog, did_you_mean

if TYPE_CHECKING:
    import pandas as pd


def unknown_name(what: str, given: str, known: Sequence[str]) -> UsageError:
    """The error for a name that does not exist, with the nearest one."""
    return UsageError(f"unknown {what} {given}", todo=f"{did_you_mean([given], known)}there are: {', '.join(known)}")


def typed_frame(columns: _Columns, rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
    """A frame of these rows, with these columns and dtypes however many rows there are."""
    import pandas as pd  # noqa: PLC0415  slow to import, and only explorers need it

    given = list(rows)
    found = [[row[place] for row in given] for place in range(len(columns))]
    return pd.DataFrame(
        {name: pd.Series(values, dtype=dtype) for (name, (dtype, _)), values in zip(columns.items(), found, strict=True)}
    )


def object_frame(cls: type[CatalogObject], objects: Iterable[CatalogObject], origins: OriginMap) -> pd.DataFrame:
    """The objects of one kind, a row each."""
    columns = object_columns(cls)
    names = [f.name for f in fields(cls)]
    rows = [
        [*(getattr(obj, name) for name in names), obj.key, defined_at(origins, obj.kind, obj.key)]
        for obj in objects
        if type(obj) is cls
    ]
    return typed_frame(columns, rows)


def difference_frame(found: Iterable[Difference], expected: ReadCatalog, actual: ReadCatalog) -> pd.DataFrame:
    """A row for each object that one side lacks, and for each attribute that differs."""
    rows = [row for difference in found for row in _difference_rows(difference, expected, actual)]
    return typed_frame(FRAMES["differences"], sorted(rows, key=lambda row: (row[2], row[5], row[6])))


def _difference_rows(difference: Difference, expected: ReadCatalog, actual: ReadCatalog) -> Iterator[list[Any]]:
    obj, there = difference.present_object, actual if difference.expected is None else expected
    about = [difference.verdict.value, difference.kind, schema_of(obj), name_of(obj), difference.key]
    along = " ".join(difference.part_of) if difference.part_of else None
    sides = (("expected", expected), ("actual", actual))
    at = [defined_at(side.origins, obj.kind, difference.key_on(role)) for role, side in sides]
    tail = [definition_of(obj, there.snapshot), along, difference.note, *at]
    if not difference.fields:
        yield [difference.severity.value, *about, "", None, None, *tail]
    for change in difference.fields:
        values = ["(not set)" if value is None else value for value in (change.expected, change.actual)]
        yield [change.severity.value, *about, change.name, *values, *tail]


def coverage_frame(
    sides: tuple[Sequence[CatalogObject], ...], drift: Drift, expected: OriginMap, actual: OriginMap
) -> pd.DataFrame:
    """A row for each object of either side, with what the comparison says of it."""
    left, right = ({(obj.kind, obj.key): obj for obj in side} for side in sides)
    by_key = {(d.kind, d.key): d for d in drift.differences}
    by_actual = {(d.kind, d.key_on("actual")): d for d in drift.differences}
    unread = {(n.kind, n.key) for n in drift.not_known}
    rows = []
    for key in sorted(left.keys() | right.keys()):
        obj, there = left.get(key) or right[key], (key in left, key in right)
        difference = by_key.get(key) or by_actual.get(key)
        if difference is not None:
            verdict, severity = difference.verdict.value, difference.severity.value
        else:
            verdict, severity = ("same" if all(there) and key not in unread else "not compared"), None
        row = [obj.kind, schema_of(obj), name_of(obj), obj.key, verdict, severity, *there]
        rows.append([*row, defined_at(expected, *key), defined_at(actual, *key)])
    return typed_frame(FRAMES["coverage"], rows)


def check_frame(results: Iterable[CheckResult]) -> pd.DataFrame:
    """A row for each check."""
    return typed_frame(
        FRAMES["checks"],
        [
            (
                *(r.id, r.title, r.weight.value, r.outcome.value, r.is_undecided, len(r.findings)),
                sum(finding.waived is not None for finding in r.findings),
                r.unchecked or r.reason,
            )
            for r in results
        ],
    )


def finding_frame(results: Iterable[CheckResult]) -> pd.DataFrame:
    """A row for each finding of a failed or pending check."""
    names = ("key", "summary", "expected", "actual", "where", "fix_sql", "waived")
    rows = [(r.id, r.weight.value, *(getattr(f, name) for name in names)) for r in results for f in r.findings]
    return typed_frame(FRAMES["findings"], rows)


def probe_frame(results: Iterable[ProbeResult]) -> pd.DataFrame:
    """A row for each statement of the writer."""
    rows = [(r.name, r.sql, r.role, ", ".join(r.arbiters), r.expected_arbiter, r.error, r.where) for r in results]
    return typed_frame(FRAMES["probes"], rows)


def schema_of(obj: CatalogObject) -> str | None:
    """The schema that the object is in; a schema is in itself."""
    return getattr(obj, "name" if obj.kind == "schema" else "schema", None)


def name_of(obj: CatalogObject) -> str:
    """The object's own name, without schema and table."""
    name = getattr(obj, "name", None)
    return name if isinstance(name, str) else obj.key


def definition_of(obj: CatalogObject, snapshot: Snapshot) -> str:
    """The object in a line of text: its definition where the catalog has one, a table's columns, else what is set of it."""
    whole = getattr(obj, "definition", None)
    if isinstance(whole, str) and whole:
        return whole
    if isinstance(obj, Table):
        own = {c.name: c for c in snapshot.of(Column) if dotted(c.schema, c.table) == obj.key}
        return ", ".join(_column(own[name]) for name in obj.column_order if name in own)
    if isinstance(obj, Column):
        return _column(obj)
    shown = ((name.replace("_", " "), getattr(obj, name)) for name in obj.compared() if name not in {"comment", "owner"})
    return "; ".join(f"{name} {shown_value(value)}" for name, value in shown if value not in (None, False, (), ""))


def _column(column: Column) -> str:
    parts = [column.name, column.type, "not null" if column.not_null else ""]
    parts.append(f"default {column.default}" if column.default is not None else "")
    return " ".join(filter(None, parts))


def shown_value(value: object) -> str:
    """A value as a person reads it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def read_text(side: ReadCatalog) -> str:
    """Which database or SQL a side is, and when it was read."""
    return f"{side.name}: {side.described}, read {side.read_at:%Y-%m-%d %H:%M:%S} UTC"


def defined_at(origins: OriginMap, kind: str, key: str) -> str | None:
    """File and line of the SQL that makes the object; None where it is not known."""
    location: Location | None = origins.get((kind, key))
    return str(location) if location else None


_Columns = Mapping[str, tuple[str, str]]
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
FRAMES: Final[Mapping[str, _Columns]] = {
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


def object_columns(cls: type[CatalogObject]) -> _Columns:
    """The columns of a kind of object: its fields, its key, and where SQL defines it."""
    return _object_columns(cls)  # type: ignore[arg-type]  # mypy takes a class for unhashable


@cache
def _object_columns(cls: type[CatalogObject]) -> _Columns:
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
