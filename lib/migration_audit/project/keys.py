"""What one key of audit.toml accepts: a JSON Schema, which editors read and the validator applies, and words for errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import Any, Final

from migration_audit.project.names import QUALIFIED

PREFIX: Final = re.compile(r"([A-Za-z][\w-]+):")
"""The name of a repository in front of a path. One letter alone is not a name: it would be a drive."""
# Editors know of ASCII alone that it is ``\w``.
REVISION: Final = r"[\w\u0080-\uffff@][\w\u0080-\uffff./@{}^~-]*"
"""A git revision that git cannot read as an option."""
VARIABLE: Final = r"[A-Za-z_][A-Za-z0-9_]*"
"""The name of an environment variable."""
WORD: Final = r"[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*"
"""A name of letters, digits and ``_``."""

_LINE: Final = r"[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*"
_TEXT: Final = r"[^\x00]*[^\s\x00][^\x00]*"
_NOT_ABSOLUTE: Final = rf"(?!(?:{PREFIX.pattern})?/)"
# ``..`` may lead to another repository, and only in front.
_RELATIVE: Final = (
    rf"(?!(?:{PREFIX.pattern})?[/~])(?!.*\\)"
    rf"(?=(?:{PREFIX.pattern})?(?:\.{{0,2}}/)*(?:\.{{0,2}}$|(?!(?:.*/)?\.\.(?:/|$))))"
)
_UNIT: Final = r"(?:microsecond|millisecond|second|minute|hour|day|week|month|mon|year)s?"
_TIME: Final = r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
_INTERVAL: Final = rf"(?:0*[1-9][0-9]* {_UNIT})(?: [0-9]+ {_UNIT})*(?: {_TIME})?|{_TIME}"

Schema = Mapping[str, Any]
"""A JSON Schema (draft 2020-12) of those keywords that ``_conforms`` applies."""


class Leads(Enum):
    """Whether the values of a key are paths or globs, and where these begin."""

    NOWHERE = auto()
    FROM_HERE = auto()
    """At the folder of audit.toml."""
    FROM_ROOT = auto()
    """At the ``root`` of the same source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key: which values it accepts, that in words, and what a reader has to know about it."""

    expected: str
    """What an error says that it expects."""
    schema: Schema
    required: bool = False
    leads: Leads = Leads.NOWHERE
    doc: str = ""
    """What it is for; blank where ``expected`` says all."""
    example: str = ""
    """A value as TOML writes it."""
    default: str = ""
    """What is used where the key is left out, as TOML writes it; blank where that is not one value."""
    is_live: bool = False
    """The template sets it, and does not only show it."""
    replaces: bool = False
    """It replaces another key."""

    def accepts(self, value: Any) -> bool:
        """Whether a value, as tomllib gives it, is one of this key."""
        return _conforms(value, self.schema)

    @property
    def takes(self) -> type:
        """The type of value that it may accept, so that an error can tell a wrong type from a wrong value."""
        return next((type_ for type_, name in _TYPES.items() if name == self.schema.get("type")), str)

    @property
    def choices(self) -> tuple[str, ...]:
        """The texts that it accepts, where they can be listed."""
        of_text = (self.schema, self.schema.get("items", {}), *self.schema.get("anyOf", ()))
        return tuple(each for schema in of_text for each in schema.get("enum", ()) if isinstance(each, str))


def line(where: str = "", regex: str = _LINE) -> Schema:
    """One line of text that is not blank; ``where`` are assertions of a regular expression about it."""
    return {"type": "string", "pattern": f"^{where}(?:{regex})$", "format": PRINTABLE}


def text(expected: str, where: str = "", *, leads: Leads = Leads.NOWHERE) -> Key:
    """One line of text that is not blank."""
    return Key(expected=expected, schema=line(where), leads=leads)


def long_text(expected: str) -> Key:
    """Text of any number of lines that is not blank."""
    return Key(expected=expected, schema=_matching(_TEXT))


def any_text(expected: str) -> Key:
    """Any text, even none."""
    return Key(expected=expected, schema={"type": "string"})


def pattern(regex: str, expected: str) -> Key:
    """Text that the whole regular expression matches."""
    return Key(expected=expected, schema=line(regex=regex))


def qualified(expected: str) -> Key:
    """``schema.name``."""
    return Key(expected=expected, schema=_matching(QUALIFIED))


def choice(*allowed: str, or_else: tuple[str, str] | None = None, expected: str = "") -> Key:
    """One of a few words, or else a text of another form: an example of it, and the regular expression for it."""
    example, regex = or_else or ("", "")
    words: Schema = {"type": "string", "enum": [str(each) for each in allowed]}
    return Key(
        expected=f"{expected}one of {', '.join(filter(None, [*allowed, example]))}",
        schema={"type": "string", "anyOf": [words, _matching(regex)]} if or_else else words,
    )


def choices(*allowed: str) -> Key:
    """A list of some of a few words, none of them twice."""
    return Key(
        expected=f"a list with one or more of {', '.join(allowed)}",
        schema={**_list({"type": "string", "enum": [str(each) for each in allowed]}), "uniqueItems": True},
    )


def path(expected: str) -> Key:
    """A path relative to audit.toml, or ``NAME:path`` of a repository."""
    return text(f"{expected}, or NAME:path of a repository", leads=Leads.FROM_HERE)


def globs(expected: str, *, leads: Leads = Leads.FROM_HERE) -> Key:
    """A list of globs, each relative or ``NAME:glob`` of a repository."""
    return texts(expected, _NOT_ABSOLUTE, leads=leads)


def inside_path(example: str) -> Key:
    """A path that leads out of the folder of audit.toml only to another repository."""
    expected = f"a path relative to this file, or NAME:path of a repository, such as {example}"
    return text(expected, _RELATIVE, leads=Leads.FROM_HERE)


def inside_globs(example: str) -> Key:
    """A list of such paths, or of globs."""
    expected = "a list of paths or glob patterns relative to this file, or NAME:path of a repository, such as"
    return texts(f'{expected} ["{example}"]', _RELATIVE, leads=Leads.FROM_HERE)


def texts(expected: str, where: str = "", *, item: str = _LINE, leads: Leads = Leads.NOWHERE) -> Key:
    """A list of texts, at least one; ``where`` and ``item`` are regular expressions about each."""
    return Key(expected=expected, schema=_list(line(where, item)), leads=leads)


def words(expected: str) -> Key:
    """A table of names and texts."""
    return Key(expected=expected, schema={**_names(line(), line()), "minProperties": 1})


def variables(expected: str) -> Key:
    """A table of names, as psql has them for its variables, and texts, which may be empty."""
    return Key(expected=expected, schema=_names(_matching(r"[^\x00-/:-@\[-^`{-\x7f]+"), _matching(r"[^\x00]*")))


def environ(expected: str) -> Key:
    """A table of environment variables and texts, which may be empty."""
    return Key(expected=expected, schema={**_names(_matching(VARIABLE), _matching(r"[^\x00]*")), "minProperties": 1})


def count(expected: str) -> Key:
    """A whole number of 1 or more; true and false are not numbers."""
    return Key(expected=expected, schema={"type": "integer", "minimum": 1, "maximum": 2**31 - 1})


def role() -> Key:
    """A role of the database."""
    return text("the name of a database role")


def seconds() -> Key:
    """A time limit."""
    return count("a whole number of seconds, at least 1")


def flag(expected: str = "true or false", *, allowed: tuple[bool, ...] = (True, False)) -> Key:
    """True or false, or only one of them."""
    return Key(expected=expected, schema={"type": "boolean", "enum": list(allowed)})


def duration(expected: str) -> Key:
    """An interval as PostgreSQL writes it, or the whole number of an integer dimension."""
    return Key(expected=expected, schema={"anyOf": [{"type": "integer", "minimum": 1}, _matching(_INTERVAL)]})


def day(expected: str) -> Key:
    """A date, or a text that is one."""
    return Key(
        expected=expected,
        schema={"type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    )


def _conforms(value: Any, schema: Schema) -> bool:
    """Whether a value, as tomllib gives it, is what the JSON Schema says; a date counts as the text that it is in JSON."""
    if type(value) is date and schema.get("format") == "date":
        value = value.isoformat()
    if "type" in schema and _TYPES.get(type(value)) != schema["type"]:
        return False
    return all(holds(value, schema[keyword]) for keyword, holds in _KEYWORDS.items() if keyword in schema)


PRINTABLE: Final = "printable"
"""A format of ours, which no other reader of the schema applies."""
_TYPES: Final[Mapping[type, str]] = {
    str: "string",
    int: "integer",
    bool: "boolean",
    list: "array",
    dict: "object",
}


def _is_day(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


_FORMATS: Final[Mapping[str, Callable[[str], bool]]] = {"date": _is_day, PRINTABLE: str.isprintable}
# Every pattern is of the whole text: ``$`` alone would also match before a line break at its end.
_KEYWORDS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "enum": lambda value, allowed: value in allowed,
    "pattern": lambda value, regex: re.fullmatch(regex, value) is not None,
    "format": lambda value, name: _FORMATS[name](value),
    "minimum": lambda value, least: value >= least,
    "maximum": lambda value, most: value <= most,
    "minItems": lambda value, least: len(value) >= least,
    "items": lambda value, schema: all(_conforms(item, schema) for item in value),
    "uniqueItems": lambda value, _: len(set(value)) == len(value),
    "minProperties": lambda value, least: len(value) >= least,
    "propertyNames": lambda value, schema: all(_conforms(name, schema) for name in value),
    "additionalProperties": lambda value, schema: all(_conforms(item, schema) for item in value.values()),
    "anyOf": lambda value, schemas: any(_conforms(value, schema) for schema in schemas),
}


def _matching(regex: str) -> Schema:
    return {"type": "string", "pattern": f"^(?:{regex})$"}


def _list(item: Schema) -> Schema:
    return {"type": "array", "items": item, "minItems": 1}


def _names(name: Schema, value: Schema) -> Schema:
    return {"type": "object", "propertyNames": name, "additionalProperties": value}
