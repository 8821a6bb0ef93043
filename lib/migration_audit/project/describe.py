"""How a settings class describes its table of audit.toml: each field has its key, its explanation and its conversion.

``setting(…)``, ``table(…)`` and ``computed(…)`` are fields of a dataclass. What is read from them: the tables that the
validator walks (``describe``), the settings that a valid file gives (``build``), the template, the reference page and the
JSON Schema. The default of a key is that of its field.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from enum import Enum, auto
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

from migration_audit.model.location import Location
from migration_audit.project.keys import Key
from migration_audit.project.locate import Found, KeyPath, absolute, nearest

T = TypeVar("T")
Table = Mapping[str, Any]
"""A table as tomllib gives it."""

_HERE: Final = "audit.toml"
_EMPTY: Final = object()
"""The default of a field that does not name one: what a key that is left out says."""


class Shape(Enum):
    """How a table is written below the one that it belongs to."""

    TABLE = auto()
    """``[policy]``"""
    ARRAY = auto()
    """``[[rule]]``, any number of times."""
    NAMED = auto()
    """``[environments.stage]``, once for each name that the user chooses."""
    INLINE = auto()
    """Its keys are among those of the table that it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One table of the template: keys with their values as TOML writes them."""

    values: Mapping[str, str]
    doc: str = ""
    """Stands above it."""
    name: str = ""
    """The name that the user chose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSpec:
    """A table of audit.toml: its keys, and the tables below it."""

    keys: Mapping[str, Key]
    tables: Mapping[str, TableSpec]
    """Sub-tables and arrays of tables, each by name."""
    shape: Shape = Shape.TABLE
    any_table: TableSpec | None = None
    """What each sub-table of a name that the user chooses must be."""
    required: bool = False
    expected: str = "a table"
    doc: str = ""
    is_live: bool = False
    """The template has it, and does not only show it."""
    examples: tuple[Example, ...] = ()
    """As the template shows it; empty for one table with the example of each key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePlace:
    """A table of a valid file: where it is, and what is around it."""

    root: Table
    """The whole file."""
    directory: Path
    """The folder of the file."""
    shown: str
    """What locations call the file."""
    lines: Mapping[KeyPath, int]
    path: KeyPath = ()

    def at(self, *path: str | int) -> Location:
        """The line of the table, or of what is below it."""
        return Location(self.shown, nearest(self.lines, (*self.path, *path)))

    def below(self, *path: str | int) -> TablePlace:
        """The place of a table in this one."""
        return replace(self, path=(*self.path, *path))


Make = Callable[[Table, TablePlace], Any]
"""Gives the value of a field from the table that has its keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Setting:
    """A field that is read from keys: from one, or from all of them by ``make``."""

    keys: Mapping[str, Key]
    fallback: Any = None
    convert: Callable[[Any], Any] | None = None
    is_file: bool = False
    make: Make | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Below:
    """A field that is read from a table, or from several."""

    cls: type
    name: str
    spec: TableSpec
    convert: Callable[[Any], Any] | None
    make: Make | None
    when: str


def setting(
    key: Key,
    doc: str = "",
    *,
    default: Any = _EMPTY,
    name: str = "",
    example: str = "",
    fallback: Any = None,
    convert: Callable[[Any], Any] | None = None,
    required: bool = False,
    is_file: bool = False,
    is_live: bool = False,
    replaces: bool = False,
) -> Any:
    """A field that one key gives. ``name`` is the key's where it differs from the field's, ``table.key`` below a table.

    ``default`` is that of the field; not given, nothing: an empty tuple or mapping, None, or no default where the key is
    required or has a fallback. ``fallback`` is the value of the file where the key is left out, or a function that
    gives it from the table and its place. ``convert`` makes the field of the key's value, ``is_file`` a path from the root.
    """
    shown = "" if fallback is None or callable(fallback) else as_toml(fallback)
    if default is _EMPTY:
        needed = required or fallback is not None
        default = MISSING if needed else () if key.takes is list else {} if key.takes is dict else None
    whole = replace(key, doc=doc, example=example, required=required, is_live=is_live, replaces=replaces, default=shown)
    return _field(_Setting(keys={name: whole}, fallback=fallback, convert=convert, is_file=is_file), default)


def setting_of(keys: Mapping[str, Key], make: Make, *, default: Any = MISSING) -> Any:
    """A field that several keys give."""
    return _field(_Setting(keys=keys, make=make), default)


def computed(make: Make, *, default: Any = MISSING, compare: bool = True) -> Any:
    """A field that no key of its own gives."""
    return _field(_Setting(keys={}, make=make), default, compare=compare)


def table(
    cls: type,
    doc: str = "",
    *,
    default: Any = _EMPTY,
    name: str = "",
    shape: Shape = Shape.TABLE,
    without: tuple[str, ...] = (),
    required: bool = False,
    expected: str = "a table",
    is_live: bool = False,
    examples: tuple[Example, ...] = (),
    convert: Callable[[Any], Any] | None = None,
    make: Make | None = None,
    when: str = "",
) -> Any:
    """A field that is read from a table, or from several: each becomes a ``cls``.

    ``without`` are keys of the class that this table does not have, ``when`` the key without which an inline table is not
    there. ``convert`` makes the field of what was read, ``make`` makes it of the table around.
    """
    spec = table_of(cls, without=without)
    if default is _EMPTY:
        default = MISSING if required else () if shape in (Shape.ARRAY, Shape.NAMED) else None
    if shape is Shape.NAMED:
        spec = TableSpec(keys={}, tables={}, any_table=spec)
    spec = replace(spec, shape=shape, required=required, expected=expected, doc=doc, is_live=is_live, examples=examples)
    return _field(_Below(cls=cls, name=name, spec=spec, convert=convert, make=make, when=when), default)


def _field(found: _Setting | _Below, default: Any, *, compare: bool = True) -> Any:
    if isinstance(default, dict):
        return field(default_factory=lambda: MappingProxyType(default), compare=compare, metadata={_HERE: found})
    return field(default=default, compare=compare, metadata={_HERE: found})


def section(doc: str = "", *, required: bool = False) -> TableSpec:
    """A table whose keys are fields of the class around it (``name="report.out"``)."""
    return TableSpec(keys={}, tables={}, doc=doc, required=required, is_live=True)


def table_of(cls: type, *, without: tuple[str, ...] = (), sections: Mapping[str, TableSpec] | None = None) -> TableSpec:
    """The table that the fields of a settings class describe, in their order."""
    keys: dict[str, Key] = {}
    tables: dict[str, TableSpec] = {}
    for each in fields(cls):
        match each.metadata.get(_HERE):
            case _Setting() as found:
                for name, key in found.keys.items():
                    head, _, tail = (name or each.name).rpartition(".")
                    whole = replace(key, default=key.default or _default(each, key))
                    if head:
                        around = tables.setdefault(head, (sections or {})[head])
                        tables[head] = replace(around, keys={**around.keys, tail: whole})
                    else:
                        keys.setdefault(tail, whole)
            case _Below(spec=spec) as below:
                if spec.shape is Shape.INLINE:
                    keys = {**keys, **{name: key for name, key in spec.keys.items() if name not in keys}}
                else:
                    tables[below.name or each.name] = spec
    return _less(TableSpec(keys=keys, tables=tables), without)


def build_settings(cls: Callable[..., T], tables: Table, place: TablePlace, **more: Any) -> T:
    """The settings that a valid table gives; what the file leaves out has the default of its field."""
    given: dict[str, Any] = dict(more)
    for each in fields(cls):  # type: ignore[arg-type]
        found = each.metadata.get(_HERE)
        value: Any = MISSING
        if each.name == "at" and found is None:
            value = place.at()
        elif found is not None and found.make is not None:
            value = found.make(tables, place)
        elif isinstance(found, _Setting):
            value = _value(found, each.name, tables, place)
        elif isinstance(found, _Below):
            value = _tables(found, found.name or each.name, tables, place)
        if value is not MISSING:
            given[each.name] = value
    return cls(**given)


def as_toml(value: Any) -> str:
    """A default as TOML writes it: JSON, as far as defaults go."""
    return json.dumps(value, ensure_ascii=False)


def frozen(value: Any) -> Any:
    """A value that cannot be changed: a tuple for a list, a view for a table."""
    if isinstance(value, dict):
        return MappingProxyType(value)
    return tuple(value) if isinstance(value, list) else value


def _value(found: _Setting, field_name: str, tables: Table, place: TablePlace) -> Any:
    (name,) = found.keys
    value: Any = tables
    for part in (name or field_name).split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    if value is None:
        value = found.fallback(tables, place) if callable(found.fallback) else found.fallback
        if value is None:
            return MISSING
    if found.is_file:
        files = [absolute(place.directory / each) for each in ([value] if isinstance(value, str) else value)]
        return files[0] if isinstance(value, str) else tuple(files)
    return found.convert(value) if found.convert is not None else frozen(value)


def _tables(found: _Below, name: str, tables: Table, place: TablePlace) -> Any:
    if found.spec.shape is Shape.INLINE:
        return build_settings(found.cls, tables, place) if not found.when or found.when in tables else MISSING
    if name not in tables:
        return MISSING
    here = place.below(name)
    value: Any = tables[name]
    if found.spec.shape is Shape.TABLE:
        made = build_settings(found.cls, value, here)
    else:
        items = value.items() if found.spec.shape is Shape.NAMED else enumerate(value)
        made = tuple(build_settings(found.cls, item, here.below(position)) for position, item in items)
    return found.convert(made) if found.convert is not None else made


def _default(found: Field[Any], key: Key) -> str:
    """The default of the field, where a file could say it."""
    try:
        value = json.loads(as_toml(found.default))
    except TypeError:  # no value that a file can have
        return ""
    return as_toml(value) if key.accepts(value) else ""


def _less(spec: TableSpec, without: tuple[str, ...]) -> TableSpec:
    inner = {
        name: tuple(each.removeprefix(f"{name}.") for each in without if each.startswith(f"{name}.")) for name in spec.tables
    }
    return replace(
        spec,
        keys={name: key for name, key in spec.keys.items() if name not in without},
        tables={name: _less(below, inner[name]) for name, below in spec.tables.items() if name not in without},
    )


def table_in(tables: Table, name: str) -> Table:
    """The table of this name; an empty one where there is none, or something else, which is reported elsewhere."""
    value = tables.get(name)
    return value if isinstance(value, dict) else {}


def repeated(tables: Table, *path: str, what: str) -> Iterator[Found]:
    """Tables of an array, to which ``path`` leads, that have the name of an earlier one; ``what`` is one of them."""
    seen: set[str] = set()
    for part in path[:-1]:
        tables = table_in(tables, part)
    for position, value in items(tables, path[-1]):
        name = value.get("name")
        if isinstance(name, str) and name in seen:
            yield (*path, position, "name"), f"is also the name of another {what}", "use a different name for each"
        elif isinstance(name, str):
            seen.add(name)


def items(tables: Table, name: str) -> Iterator[tuple[int, Table]]:
    """The tables of an array with their positions, where it is one: anything but a table is reported elsewhere."""
    value = tables.get(name)
    for position, item in enumerate(value if isinstance(value, list) else ()):
        if isinstance(item, dict):
            yield position, item
