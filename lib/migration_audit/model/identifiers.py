"""Identifiers and texts as SQL spells them, and the bare names in what SQL spelled: the only module that quotes.

Two spellings are in use. A *key* names an object across databases and versions: it quotes what SQL would fold, and no
keywords, since each version has others. *SQL* quotes those too, so that every version takes it.

The keywords are those that PostgreSQL does not accept as every kind of name:
https://www.postgresql.org/docs/current/sql-keywords-appendix.html
"""

from __future__ import annotations

import re
from functools import lru_cache

_LONGEST = 63
_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*\Z")
_IDENTIFIER = r'"(?:[^"]|"")*"|[^\W\d][\w$]*'
_QUALIFIED = re.compile(rf"(?:{_IDENTIFIER})(?:\s*\.\s*(?:{_IDENTIFIER}))*")
_EACH = re.compile(_IDENTIFIER)
_LISTED = re.compile(r'"((?:[^"]|"")*)"|([^,\s"]+)')
LINE_END = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
"""What any reader of SQL may see as a line end."""
_PAIR = re.compile(rf"({_IDENTIFIER})\s*\.\s*({_IDENTIFIER})")

_KEYWORDS = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast char
    character check coalesce collate collation column concurrently constraint create cross current_catalog current_date
    current_role current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct do
    else end except exists extract false fetch float for foreign freeze from full grant greatest group grouping having ilike
    in initially inner inout int integer intersect interval into is isnull join json json_array json_arrayagg json_exists
    json_object json_objectagg json_query json_scalar json_serialize json_table json_value lateral leading least left like
    limit localtime localtimestamp merge_action national natural nchar none normalize not notnull null nullif numeric offset
    on only or order out outer overlaps overlay placing position precision primary real references returning right row
    select session_user setof similar smallint some substring symmetric system_user table tablesample then time timestamp to
    trailing treat trim true union unique user using values varchar variadic verbose when where window with xmlattributes
    xmlconcat xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
    """.split()  # noqa: SIM905  a hundred and fifty words are read more easily without quotes
)
"""Keywords of PostgreSQL 15 to 18 that some kinds of names must quote."""


def in_quotes(identifier: str) -> str:
    """An identifier in double quotes, whatever it is.

    >>> in_quotes('a"b')
    '"a""b"'
    """
    return '"' + identifier.replace('"', '""') + '"'


@lru_cache(maxsize=1 << 17)
def quoted(identifier: str) -> str:
    """An identifier as a key shows it: bare where SQL would fold it to itself, else in double quotes.

    >>> quoted("positions"), quoted("Odd Name"), quoted("order")
    ('positions', '"Odd Name"', 'order')
    """
    return identifier if _PLAIN.match(identifier) else in_quotes(identifier)


def dotted(*parts: str) -> str:
    """Identifiers joined by dots as a key shows them."""
    return ".".join(map(quoted, parts))


def sql_name(*parts: str) -> str:
    """Identifiers joined by dots as SQL takes them in every version.

    >>> sql_name("public", "user"), sql_name("Odd", 'a"b')
    ('public."user"', '"Odd"."a""b"')
    """
    return ".".join(in_quotes(part) if part in _KEYWORDS else quoted(part) for part in parts)


def sql_name_of(key: str) -> str:
    """A key, ``schema.table``, as SQL takes it; of what ``regprocedure`` prints, the name.

    >>> sql_name_of("public.order"), sql_name_of('s."a (b"("a (b".t)')
    ('public."order"', 's."a (b"')
    """
    return sql_name(*parts_of(key))


def sql_signature(key: str) -> str:
    """The key of a routine, an operator or an operator family, whose name is followed by more, as SQL takes it.

    >>> sql_signature("order.f(integer)"), sql_signature("order.=== (integer, integer)")
    ('"order".f(integer)', '"order".=== (integer, integer)')
    """
    names, rest = leading_name(key)
    return sql_name(*names) + rest


def as_comment(text: str) -> str:
    """Each line behind ``--``; everything that any reader of SQL may see as a line end is one here.

    >>> as_comment("a\\nDROP TABLE t")
    '-- a\\n-- DROP TABLE t'
    """
    return "\n".join(f"-- {line}".rstrip() for line in LINE_END.split(text))


def bare(identifier: str) -> str:
    """The name that an identifier in SQL spells; what is not quoted is folded, as SQL does it.

    >>> bare('"Odd ""Name"'), bare("Positions")
    ('Odd "Name', 'positions')
    """
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier.lower()


def listed(value: str) -> list[str]:
    """The names in the value of a parameter that is a list of identifiers, such as ``search_path``.

    >>> listed('"$user", public, "x, ""y"" z"')
    ['$user', 'public', 'x, "y" z']
    """
    return [quoted.replace('""', '"') if quoted else plain for quoted, plain in _LISTED.findall(value)]


def parts_of(key: str) -> tuple[str, ...]:
    """The bare names in a qualified name.

    >>> parts_of('public."Odd.""Table"')
    ('public', 'Odd."Table')
    """
    return leading_name(key)[0]


def leading_name(text: str) -> tuple[tuple[str, ...], str]:
    """The bare names of the qualified name at the start of a text, if it starts with one; and the rest of the text.

    >>> leading_name('s."a (b" (x int)')
    (('s', 'a (b'), ' (x int)')
    """
    found = _QUALIFIED.match(text)
    return (tuple(map(bare, _EACH.findall(found[0]))), text[found.end() :]) if found else ((), text)


def made_name(first: str, second: str, label: str) -> str:
    """The name that PostgreSQL chooses where none is given: the longer part is cut until all of it fits in 63 bytes.

    Source: makeObjectName in PostgreSQL's src/backend/commands/indexcmds.c.

    >>> made_name("positions", "ts", "idx"), len(made_name("a" * 60, "b" * 60, "not_null"))
    ('positions_ts_idx', 63)
    """
    parts = [first.encode(), second.encode()]
    while sum(map(len, parts)) > _LONGEST - 2 - len(label.encode()):
        longer = 0 if len(parts[0]) > len(parts[1]) else 1
        parts[longer] = parts[longer][:-1]
    return "_".join([*(part.decode(errors="ignore") for part in parts), label])


def identifiers_in(text: str) -> list[str]:
    """Every identifier and keyword of a text, bare.

    >>> identifiers_in('UNIQUE ("Order", b)')
    ['unique', 'Order', 'b']
    """
    return list(map(bare, _EACH.findall(text)))


def mentioned(text: str) -> frozenset[tuple[str, str]]:
    """Every ``schema.name`` that a text holds: what the server prints with an empty search_path is always qualified."""
    return frozenset((bare(left), bare(right)) for left, right in _PAIR.findall(text))


def literal(text: str) -> str:
    r"""A text constant.

    >>> literal("it's"), literal("a\\b")
    ("'it''s'", "E'a\\\\b'")
    """
    doubled = text.replace("'", "''")
    return f"'{doubled}'" if "\\" not in text else "E'" + doubled.replace("\\", "\\\\") + "'"


def dollar_tag(text: str, *, word: str = "sql") -> str:
    """A dollar quote that the text does not hold: ``$word$``, or that with a number."""
    tag, number = f"${word}$", 1
    while tag in text:
        number += 1
        tag = f"${word}{number}$"
    return tag
