"""Flyway's file names: prefix, version, separator, description, suffix; and how versions compare.

The rules are those of ``ResourceNameParser`` and ``MigrationVersion`` in Flyway's core.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_PART = re.compile(r"[+-]?\d+")
_WORDS = frozenset({"current", "next", "latest"})
"""Versions by name, which Flyway gives a meaning of their own."""


class MigrationKind(StrEnum):
    """What Flyway treats a file as."""

    VERSIONED = "versioned"
    BASELINE = "baseline"
    UNDO = "undo"
    REPEATABLE = "repeatable"
    CALLBACK = "callback"


_EVENTS = (
    *("beforeClean", "afterClean", "afterCleanError"),
    *("beforeMigrate", "beforeEachMigrate", "beforeEachMigrateStatement"),
    *("afterEachMigrateStatement", "afterEachMigrateStatementError", "afterEachMigrate", "afterEachMigrateError"),
    *("beforeRepeatables", "afterVersioned", "afterMigrateApplied", "afterMigrate", "afterMigrateError"),
    *("beforeUndo", "beforeEachUndo", "beforeEachUndoStatement"),
    *("afterEachUndoStatement", "afterEachUndoStatementError", "afterEachUndo", "afterEachUndoError"),
    *("afterUndo", "afterUndoError", "beforeValidate", "afterValidate", "afterValidateError"),
    *("beforeBaseline", "afterBaseline", "afterBaselineError", "beforeRepair", "afterRepair", "afterRepairError"),
    *("beforeInfo", "afterInfo", "afterInfoError", "afterMigrateOperationFinish", "afterInfoOperationFinish"),
    *("createSchema", "beforeCreateSchema", "beforeConnect", "afterConnect"),
)
"""The prefixes of callbacks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The settings that a name is read by."""

    versioned: str = "V"
    repeatable: str = "R"
    baseline: str = "B"
    undo: str = "U"
    separator: str = "__"
    suffixes: tuple[str, ...] = (".sql",)

    def prefixes(self) -> Iterator[tuple[str, MigrationKind]]:
        """Each prefix with its kind; the longest first, for they are tried in this order."""
        found = [(self.versioned, MigrationKind.VERSIONED), (self.repeatable, MigrationKind.REPEATABLE)]
        found += [(event, MigrationKind.CALLBACK) for event in _EVENTS]
        found += [(self.baseline, MigrationKind.BASELINE), (self.undo, MigrationKind.UNDO)]
        yield from sorted(found, key=lambda each: -len(each[0]))


@dataclass(frozen=True, slots=True)
class Version:
    """A version: equal and ordered part by part as numbers, so that 1 is 1.0 and 1.10 comes after 1.2."""

    parts: tuple[int, ...]
    """Without zeros at the end."""
    text: str
    """As the ledger has it, with dots: ``1.10``."""

    def __lt__(self, other: Version) -> bool:
        """Missing parts are zeros."""
        return self._filled(other) < other._filled(self)

    def _filled(self, other: Version) -> tuple[int, ...]:
        return self.parts + (0,) * (len(other.parts) - len(self.parts))


def parse_version(text: str) -> Version | None:
    """A version as Flyway reads it; None for any other text.

    >>> parse_version("01_10").parts, parse_version("2.0.0").parts, parse_version("1.x")
    ((1, 10), (2,), None)
    """
    dotted = text.replace("_", ".")
    parts = re.split(r"\.(?=[0-9])", dotted)
    if not all(_PART.fullmatch(part) for part in parts):
        return None
    numbers = [int(part) for part in parts]
    while len(numbers) > 1 and numbers[-1] == 0:
        numbers.pop()
    return Version(tuple(numbers), dotted)


@dataclass(frozen=True, slots=True, kw_only=True)
class MigrationName:
    """A file name that Flyway recognises."""

    kind: MigrationKind
    prefix: str
    version: Version | None
    """Of versioned, baseline and undo migrations."""
    description: str
    """With spaces for underscores."""

    @property
    def label(self) -> str:
        """What may be there once: ``V1.1``, ``R views``, ``beforeMigrate``."""
        if self.version is not None:
            return f"{self.prefix}{self.version.text}"
        return f"{self.prefix} {self.description}".strip()


def parse_name(name: str, naming: Naming, suffixes: tuple[str, ...] | None = None) -> MigrationName | None:
    """How Flyway reads the file called ``name``; None where it does not recognise it.

    >>> parse_name("V1_1__add_t.sql", Naming()).label, parse_name("V1_add.sql", Naming())
    ('V1.1', None)
    """
    stem = _stem(name, naming.suffixes if suffixes is None else suffixes)
    if stem is None:
        return None
    for prefix, kind in naming.prefixes():
        if stem.startswith(prefix):
            before, _, description = stem[len(prefix) :].partition(naming.separator)
            is_versioned = kind not in {MigrationKind.REPEATABLE, MigrationKind.CALLBACK}
            version = parse_version(before) if is_versioned and before else None
            if (version is None) == is_versioned or (not is_versioned and before) or len(stem) == len(prefix) == 0:
                return None
            if kind is MigrationKind.REPEATABLE and stem == prefix:
                return None
            return MigrationName(kind=kind, prefix=prefix, version=version, description=description.replace("_", " "))
    return None


def is_reserved(name: str, naming: Naming) -> bool:
    """Whether the version is a word like ``latest``, which means something else to Flyway than a number."""
    stem = _stem(name, naming.suffixes)
    if stem is None or not stem.startswith(naming.versioned):
        return False
    return stem[len(naming.versioned) :].partition(naming.separator)[0].lower() in _WORDS


def _stem(name: str, suffixes: tuple[str, ...]) -> str | None:
    for suffix in suffixes:
        if name.upper().endswith(suffix.upper()) and len(name) > len(suffix):
            return name[: len(name) - len(suffix)]
    return None
