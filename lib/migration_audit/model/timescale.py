"""TimescaleDB's settings: what users decided, not what the chunks look like today."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from migration_audit.model.identifiers import dotted
from migration_audit.model.objects import CatalogObject, InSchema, Key, shown_only


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypertable(CatalogObject, kind="hypertable", identity=("schema", "table")):
    """A table that is a hypertable."""

    schema: str
    table: str
    dimensions: tuple[str, ...]
    """Column names, the first one the primary dimension."""
    associated_schema: str | None
    """Where chunks go; None for TimescaleDB's default."""
    chunk_prefix: str | None = None
    """What names of chunks begin with; None for TimescaleDB's default."""
    chunk_target_size: int | None = None
    """Bytes that adaptive chunking aims at; None where it is off."""

    @property
    def belongs_to(self) -> Key:
        """The table."""
        return ("table", dotted(self.schema, self.table))


@dataclass(frozen=True, slots=True, kw_only=True)
class OfHypertable(CatalogObject, identity=("schema", "table")):
    """A setting of a hypertable."""

    schema: str
    table: str

    @property
    def belongs_to(self) -> Key:
        """The hypertable."""
        return ("hypertable", dotted(self.schema, self.table))


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension(OfHypertable, kind="dimension", identity=("schema", "table", "column")):
    """A dimension of a hypertable: by time or integer range, or by hash."""

    column: str
    """The column whose values decide which chunk a row goes to."""
    column_type: str
    """The column's type."""
    type: str
    """``time``, ``integer`` or ``hash``."""
    chunk_interval: str | None
    """``1 day``, or a number for an integer dimension; None for hash."""
    partitions: int | None
    """How many of a hash dimension; None for time and integer."""
    partitioning_function: str | None
    """None for TimescaleDB's own hash."""
    integer_now_function: str | None
    """The function that says what is now in an integer dimension, ``schema.name``; None without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressionSettings(OfHypertable, kind="compression settings"):
    """How a hypertable, or a continuous aggregate by its view, is compressed; absent if it was never set up."""

    enabled: bool
    """False: compression is off."""
    direct_compress: bool
    """Inserted rows are compressed at once (TimescaleDB 2.29 and later)."""
    segment_by: str | None
    """Columns in order, ``device_id, site``; None where there is none."""
    order_by: str | None
    """Columns with their direction, ``ts DESC, seq ASC NULLS FIRST``; None where TimescaleDB chooses (2.22 and later)."""
    compress_interval: str | None
    """Chunks are merged up to this width when they are compressed, ``7 days``."""
    sparse_indexes: tuple[str, ...]
    """``bloom(device_id)``, with what else is set; always empty before TimescaleDB 2.22."""
    relation: str | None = shown_only()
    """The kind of what is compressed: ``hypertable`` or ``continuous aggregate``."""

    @property
    def in_words(self) -> str:
        """In one line, for people."""
        if not self.enabled:
            return "compression is off"
        return f"compressed by {self.segment_by or 'no segment'}, ordered by {self.order_by or 'what TimescaleDB chooses'}"

    @property
    def belongs_to(self) -> Key:
        """The hypertable or the continuous aggregate."""
        return (self.relation or "hypertable", dotted(self.schema, self.table))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinuousAggregate(InSchema, kind="continuous aggregate"):
    """A continuous aggregate; its refresh policy is a job. Numbers of this one server are left out."""

    source: str
    """The hypertable, or the continuous aggregate, that it is made of: ``schema.name``."""
    definition: str
    """The query as its author wrote it, not the one that TimescaleDB derives from it."""
    columns: tuple[str, ...]
    """``name type`` in order."""
    materialized_only: bool
    """False: rows that are not materialized yet are computed at query time."""
    finalized: bool
    """False only for one made in the form of before TimescaleDB 2.7."""
    granular_refresh: bool
    """TimescaleDB 2.30 and later."""
    chunk_interval: str | None
    """The width of its own chunks, ``10 days``."""
    chunk_schema: str | None
    """Where its chunks go; None for TimescaleDB's default."""
    indexes: tuple[str, ...]
    """Method, columns and options; with their name where TimescaleDB did not give it."""
    owner: str
    privileges: tuple[str, ...]
    """Those of columns are behind ``column <name>:``."""
    comment: str | None
    """Those of columns are in lines of their own."""
    invalidate_using: str | None = None
    """How changes of the source are found, ``trigger`` or ``wal``; only TimescaleDB 2.22 says so."""

    @property
    def in_words(self) -> str:
        """In one line, for people."""
        return f"continuous aggregate of {self.source}: {' '.join(self.definition.split())}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HypertableTablespaces(OfHypertable, kind="hypertable tablespaces"):
    """The tablespaces over which the chunks of a hypertable are spread."""

    tablespaces: tuple[str, ...]
    """In the order in which they were attached: chunks take turns."""

    @property
    def in_words(self) -> str:
        """In one line, for people."""
        return f"chunks go to {', '.join(self.tablespaces)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkSkipping(OfHypertable, kind="chunk skipping", identity=("schema", "table", "column")):
    """A column by whose range queries may skip chunks."""

    column: str
    """The column whose ranges are known for each chunk."""

    @property
    def in_words(self) -> str:
        """In one line, for people."""
        return f"chunks are skipped by the range of {self.column}"


@dataclass(frozen=True, slots=True, kw_only=True)
class GranularRefresh(OfHypertable, kind="granular refresh"):
    """What continuous aggregates on a hypertable refresh piece by piece (TimescaleDB 2.29 and later)."""

    column: str | None
    """The column whose values divide the pieces."""
    start_offset: str | None
    """How far back the first piece begins, ``30 days``; None where it is not set."""
    end_offset: str | None
    """How far back the last piece ends; None where it is not set."""

    def __post_init__(self) -> None:
        """Spell the offsets in one way, whatever IntervalStyle they were written in."""
        for name in ("start_offset", "end_offset"):
            if (text := getattr(self, name)) is not None:
                object.__setattr__(self, name, interval_text(text))

    @property
    def in_words(self) -> str:
        """In one line, for people."""
        return f"refreshed by {self.column} from {self.start_offset} to {self.end_offset}"


_SECOND = 1_000_000
_MONTHS = {"year": 12, "month": 1, "decade": 120, "century": 1200, "millennium": 12_000}
_DAYS = {"week": 7, "day": 1}
_MICROSECONDS = {"hour": 3600 * _SECOND, "minute": 60 * _SECOND, "second": _SECOND, "millisecond": 1000, "microsecond": 1}
_SPELLINGS = {
    "year": "y yr yrs years", "month": "mon mons months", "decade": "decs decades dec", "century": "c cent centuries",
    "millennium": "mil mils millenniums millennia", "week": "w weeks", "day": "d days", "hour": "h hr hrs hours",
    "minute": "m min mins minutes", "second": "s sec secs seconds",
    "millisecond": "ms msec msecs mseconds milliseconds", "microsecond": "us usec usecs useconds microseconds",
}  # fmt: skip
_UNITS = {spelling: unit for unit, known in _SPELLINGS.items() for spelling in (unit, *known.split())}
_ISO_DATE = {"Y": "year", "M": "month", "W": "week", "D": "day"}
_ISO_TIME = {"H": "hour", "M": "minute", "S": "second"}

_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)"
_PART = re.compile(
    rf"(?P<months>[+-]?\d+-\d+)|(?P<clock>[+-]?\d+:\d\d(?::\d\d(?:\.\d+)?)?)|(?P<number>{_NUMBER})\s*(?P<unit>[a-z]+)?"
)
_ISO = re.compile(rf"P((?:{_NUMBER}[YMWD])*)(?:T((?:{_NUMBER}[HMS])+))?\Z")
_ISO_PART = re.compile(rf"({_NUMBER})([A-Z])")
Part = tuple[Fraction, str]


def interval_text(text: str) -> str:
    """An interval as ``IntervalStyle = postgres`` prints it; any other text, or a bare number, is returned as it is.

    https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-INTERVAL-INPUT

    >>> interval_text("P90D"), interval_text("@ 1 hour 30 mins ago"), interval_text("1-2"), interval_text("soon")
    ('90 days', '-01:30:00', '1 year 2 mons', 'soon')
    """
    iso = _ISO.match(text.strip())
    try:
        parts = list(_iso_parts(iso) if iso else _parts(text.strip().lower()))
        months, days, micros = (_sum(parts, units) for units in (_MONTHS, _DAYS, _MICROSECONDS))
    except ValueError:
        return text
    micros += (days - int(days)) * 86_400 * _SECOND
    if not parts or months.denominator != 1:
        return text
    return _printed(int(months), int(days), round(micros))


def _sum(parts: list[Part], units: dict[str, int]) -> Fraction:
    return sum((number * units[unit] for number, unit in parts if unit in units), Fraction(0))


def _iso_parts(found: re.Match[str]) -> Iterator[Part]:
    for part, units in ((found[1], _ISO_DATE), (found[2], _ISO_TIME)):
        yield from ((Fraction(number), units[unit]) for number, unit in _ISO_PART.findall(part or ""))


def _parts(text: str) -> Iterator[Part]:
    """The parts of every other style; raises ValueError for what is not an interval."""
    body = text.removeprefix("@").strip()
    sign = -1 if body.endswith(" ago") else 1
    body = body.removesuffix(" ago")
    # SQL's own style has one sign for all where none of its parts has one of its own.
    is_sql = not re.search(r"[a-z]", body)
    is_shared = is_sql and body.startswith("-") and not re.search(r"\s[+-]", body)
    position = 0
    while position < len(body):
        found = _PART.match(body, position)
        if found is None:
            raise ValueError(text)
        shared = -1 if is_shared and position else sign
        yield from ((shared * number, unit) for number, unit in _read(found, is_sql=is_sql, whole=text))
        position = re.compile(r"\s*").match(body, found.end()).end()  # type: ignore[union-attr]  # it matches nothing too


def _read(found: re.Match[str], *, is_sql: bool, whole: str) -> Iterator[Part]:
    if found["months"]:
        sign, (years, months) = _signed(found["months"], "-")
        yield from ((sign * years, "year"), (sign * months, "month"))
    elif found["clock"]:
        sign, clock = _signed(found["clock"], ":")
        yield from ((sign * number, unit) for number, unit in zip(clock, ("hour", "minute", "second"), strict=False))
    elif found["unit"] in _UNITS:
        yield Fraction(found["number"]), _UNITS[found["unit"]]
    elif found["unit"] is None and ((is_sql and ":" in whole) or whole == "@ 0"):
        yield Fraction(found["number"]), "day"
    else:
        raise ValueError(whole)


def _signed(text: str, separator: str) -> tuple[int, list[Fraction]]:
    return (-1 if text.startswith("-") else 1), [Fraction(one) for one in text.lstrip("+-").split(separator)]


def _printed(months: int, days: int, micros: int) -> str:
    years = int(months / 12)
    shown: list[str] = []
    for number, word in ((years, "year"), (months - years * 12, "mon"), (days, "day")):
        if number:
            plus = "+" if shown and shown[-1].startswith("-") and number > 0 else ""
            shown.append(f"{plus}{number} {word}{'' if number == 1 else 's'}")
    if micros or not shown:
        plus = "+" if shown and shown[-1].startswith("-") and micros > 0 else ""
        minutes, rest = divmod(abs(micros), 60 * _SECOND)
        seconds, fraction = divmod(rest, _SECOND)
        clock = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}" + f".{fraction:06}".rstrip("0").rstrip(".")
        shown.append(f"{'-' if micros < 0 else plus}{clock}")
    return " ".join(shown)
