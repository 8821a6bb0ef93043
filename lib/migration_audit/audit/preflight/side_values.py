"""Placeholders and psql variables that the command line gives to the SQL sides of a comparison."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from migration_audit.formats import Dialect, Format, find_format
from migration_audit.model.errors import SourceError, UsageError
from migration_audit.model.sql import SqlSource
from migration_audit.sources.variables import RefusedError, Variables

ROLES = ("expected", "actual")


class ValueKind(StrEnum):
    """What puts the value into the SQL; also the name of the option."""

    PLACEHOLDER = "placeholder"
    """The runner: Flyway's ``${name}``."""
    VARIABLE = "variable"
    """psql: ``:name``."""

    def is_taken_by(self, form: Format) -> bool:
        """Whether files of this format can use such a value."""
        return form.takes_placeholders if self is ValueKind.PLACEHOLDER else form.dialect is Dialect.PSQL


@dataclass(frozen=True, slots=True, kw_only=True)
class SideValue:
    """One option of the command line."""

    kind: ValueKind
    role: str | None
    """The side that it is for; None for both."""
    name: str
    value: str = field(repr=False)

    @property
    def option(self) -> str:
        """The option as the user wrote it, without its value, which may be a secret."""
        return f"--{self.kind} {f'{self.role}:' if self.role else ''}{self.name}"


Values = tuple[SideValue, ...]


def parse_values(placeholders: Iterable[str], variables: Iterable[str]) -> Values:
    """What ``--placeholder`` and ``--variable`` give, each ``NAME=VALUE``, or ``expected:NAME=VALUE`` for one side alone.

    Raises UsageError for what has another form, for a name that is set twice, and for a variable that psql refuses.
    """
    given = [
        *(_parse(ValueKind.PLACEHOLDER, text) for text in placeholders),
        *(_parse(ValueKind.VARIABLE, text) for text in variables),
    ]
    seen: set[str] = set()
    for one in given:
        if one.option in seen:
            raise UsageError("is set twice", where=one.option, todo="set it once")
        seen.add(one.option)
    return tuple(given)


def _parse(kind: ValueKind, text: str) -> SideValue:
    written, equals, value = text.partition("=")
    side, colon, rest = written.partition(":")
    role, name = (side, rest) if colon and side in ROLES else (None, written)
    if not equals or not name:
        # Without = all of it may be a value: it is not shown.
        shown = f"--{kind} {written}".rstrip() if equals else f"--{kind}"
        raise UsageError("lacks a name" if equals else "has no =", where=shown, todo=f"write --{kind} NAME=VALUE")
    if kind is ValueKind.VARIABLE:
        try:
            Variables({name: value})
        except RefusedError as error:
            raise UsageError(f"the psql variable {error.reason}", where=f"--{kind} {written}", todo=error.todo) from None
    return SideValue(kind=kind, role=role, name=name, value=value)


def values_for(role: str, given: Values) -> Values:
    """The values of one side: those for both, but for names that the side has a value of its own for."""
    own = {(one.kind, one.name) for one in given if one.role == role}
    return tuple(one for one in given if one.role == role or (one.role is None and (one.kind, one.name) not in own))


def mapping_for(form: str, values: Values, kind: ValueKind) -> Mapping[str, str]:
    """What a source of the format ``form`` gets: nothing where its runner takes no such values."""
    if not kind.is_taken_by(find_format(form)):
        return {}
    return {one.name: one.value for one in values if one.kind is kind}


Load = Callable[[Values], Sequence[SqlSource]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ValuedSide:
    """A SQL side: what it was given, what was loaded with it, and how to load it with other values."""

    values: Values
    loaded: Sequence[SqlSource]
    load: Load


def refuse_unused(given: Values, sides: Sequence[ValuedSide]) -> None:
    """Raise UsageError for a value that the SQL of no side uses: its name is misspelt, or it is for another format."""
    for one in given:
        if not any(one in side.values and _uses(side, one) for side in sides):
            named = f"the SQL of the {one.role} side" if one.role else "no SQL here"
            does_not = "does not use it" if one.role else "uses it"
            raise UsageError(f"{named} {does_not}", where=one.option, todo=_instead(one, sides))


def _uses(side: ValuedSide, one: SideValue) -> bool:
    """Whether the SQL is another one, or is refused, without the value or with another one.

    Only another value tells where the runner's own settings have the same one; only its absence where a script asks
    whether a variable is set.
    """
    rest = tuple(other for other in side.values if other != one)
    return any(_differs(side, values) for values in (rest, (*rest, replace(one, value=f"{one.value}_"))))


def _differs(side: ValuedSide, values: Values) -> bool:
    try:
        return tuple(side.load(values)) != tuple(side.loaded)
    except SourceError:
        return True


def _instead(one: SideValue, sides: Sequence[ValuedSide]) -> str:
    loaded = [source for side in sides for source in side.loaded]
    names = dict.fromkeys(source.format for source in loaded)
    if any(one.kind.is_taken_by(find_format(name)) for name in names):
        return "check its spelling, or remove it"
    other = next((kind for kind in ValueKind if kind is not one.kind), one.kind)
    if any(other.is_taken_by(find_format(name)) for name in names):
        return f"the files here use values of --{other}"
    return "remove it: " + "; ".join(_takes_nothing(names)) if names else "remove it: no side is SQL"


def _takes_nothing(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield f"{find_format(name).runner} inserts no values into the SQL"
