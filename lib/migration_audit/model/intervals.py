"""Intervals that a server keeps as text, in whatever IntervalStyle the session had that wrote them, in one spelling.

Source: https://www.postgresql.org/docs/current/datatype-datetime.html#DATATYPE-INTERVAL-INPUT
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

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
    """An interval as ``IntervalStyle = postgres`` prints it; a text that is none, or a bare number, comes back as it is.

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
