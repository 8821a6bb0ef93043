"""Names, texts and comments as SQL: nothing that an object is called may end a quotation or a comment.

The identifiers that must be quoted, beside those that would be folded, are the keywords that PostgreSQL does not take for
every name: https://www.postgresql.org/docs/current/sql-keywords-appendix.html
"""

from __future__ import annotations

import re

_PLAIN = re.compile(r"[a-z_][a-z0-9_$]*\Z")
_IDENTIFIER = r'"(?:[^"]|"")*"|[^\W\d][\w$]*'
_PAIR = re.compile(rf"({_IDENTIFIER})\s*\.\s*({_IDENTIFIER})")
_PART = re.compile(rf"({_IDENTIFIER})(?:\.|\Z)")
_LINE_END = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")

KEYWORDS = frozenset(
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
"""Keywords of PostgreSQL 15 to 18 that cannot stand for every name without quotes."""


def name(*parts: str) -> str:
    """Identifiers as SQL, joined by dots, quoted where they must be.

    >>> name("public", "user"), name("Odd", 'a"b')
    ('public."user"', '"Odd"."a""b"')
    """
    return ".".join(_identifier(part) for part in parts)


def _identifier(part: str) -> str:
    return part if _PLAIN.match(part) and part not in KEYWORDS else '"' + part.replace('"', '""') + '"'


def role_name(role: str) -> str:
    """A role as GRANT and POLICY name it: ``PUBLIC`` is everybody."""
    return "PUBLIC" if role == "PUBLIC" else name(role)


def literal(text: str) -> str:
    r"""A text constant.

    >>> literal("it's"), literal("a\\b")
    ("'it''s'", "E'a\\\\b'")
    """
    quoted = text.replace("'", "''")
    return f"'{quoted}'" if "\\" not in text else "E'" + quoted.replace("\\", "\\\\") + "'"


def parts_of(key: str) -> tuple[str, ...]:
    """The bare names in ``schema."Odd.Table"``; a key quotes what SQL would fold, and not the keywords.

    >>> parts_of('public."Odd.""Table"')
    ('public', 'Odd."Table')
    """
    return tuple(_bare(match.group(1)) for match in _PART.finditer(key))


def requoted(key: str) -> str:
    """A key, ``schema.table``, as SQL names it."""
    return name(*parts_of(key))


def _bare(identifier: str) -> str:
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier


def mentioned(text: str) -> frozenset[tuple[str, str]]:
    """Every ``schema.name`` that a text holds: what the server prints with an empty search_path is always qualified."""
    return frozenset((_bare(left), _bare(right)) for left, right in _PAIR.findall(text))


def as_comment(text: str) -> str:
    """Each line behind ``--``; whatever could end a line for anybody ends one here.

    >>> as_comment("a\\nDROP TABLE t")
    '-- a\\n-- DROP TABLE t'
    """
    return "\n".join(f"-- {line}".rstrip() for line in _LINE_END.split(text))


def one_line(text: str) -> str:
    """The same text without line ends."""
    return " ".join(_LINE_END.sub(" ", text).split())


def dollar_tag(text: str) -> str:
    """A dollar quote that the text does not hold."""
    tag, number = "$port$", 1
    while tag in text:
        number += 1
        tag = f"$port{number}$"
    return tag


def guarded(condition: str, *statements: str) -> str:
    """A DO block that runs the statements where the condition holds; the statements carry no semicolons."""
    body = "".join(f"    {statement};\n" for statement in statements)
    block = f"BEGIN\n  IF {condition} THEN\n{body}  END IF;\nEND\n"
    tag = dollar_tag(block)
    return f"DO {tag}\n{block}{tag};"


def regclass(key: str) -> str:
    """``'schema.table'::regclass`` of a relation's SQL name."""
    return f"{literal(key)}::pg_catalog.regclass"
