"""The text of ``pg_dump --schema-only`` as named parts, so that two dumps can be compared object by object.

The rules, one by one:

1.  Only what stands outside of quotes (``'…'``, ``E'…'``, ``"…"``, ``$tag$…$tag$``) means anything here: a function's body
    that looks like a dump's comment is a body.
2.  pg_dump writes a comment with type, name and schema before each entry. These comments split the text. What stands
    before the first one (versions, ``SET``, ``\\restrict``) and after the last entry is no part of the schema.
3.  Comments and white space around statements are dropped, and so is the owner in an entry's comment: ownership is the
    statement ``ALTER … OWNER TO`` and a part of its own.
4.  ``SET default_table_access_method`` is what pg_dump says before a table when the value changes; it becomes a part of
    each table and materialized view that it holds for. The tablespace is taken from the entry's comment.
5.  The order of entries means nothing. The order of columns does, and is a part of its own (``COLUMN ORDER``), compared
    among the columns that both sides have.
6.  ``CREATE TABLE`` is taken apart: its head and tail, each column, each constraint. A constraint means the same inside
    of ``CREATE TABLE`` and added later.
7.  A statement that sets one thing (statistics of a column, clustering, replica identity, whether a trigger is enabled)
    is a part of its own, wherever it stands.
8.  An identity column is two parts: ``ALWAYS`` or ``BY DEFAULT``, and its sequence.
9.  ``GRANT`` and ``REVOKE`` of one object are sorted, each with the role that grants.

Everything else is compared letter by letter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Address = tuple[str, str, str]
"""Class of a part, schema (empty for none) and name: ``("COLUMN", "public", "positions device_id")``."""

_QUOTED = (
    r"""(?<![\w$])E'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|(?<![\w$])\$(?P<tag>[^\W\d]\w*|)\$.*?\$(?P=tag)\$"""
)
_LINE = r"[^\n]*"
_HEADER = (
    rf"^--\n-- Name: (?P<name>{_LINE}); Type: (?P<type>[A-Z ]+); Schema: (?P<schema>{_LINE}?); Owner:(?P<owner>{_LINE})\n--$"
)
_TOKEN = re.compile(
    rf"{_HEADER}|(?P<comment>--[^\n]*)|{_QUOTED}|(?P<end>;)|(?P<bracket>[()])|(?P<comma>,)", re.MULTILINE | re.DOTALL
)
_TABLESPACE = re.compile(r"; Tablespace: (.*)$")
_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_QUALIFIED = rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})*"
_OWNER = re.compile(rf"ALTER .+ OWNER TO {_IDENTIFIER}", re.DOTALL)
_ALTER_TABLE = re.compile(rf"ALTER (?:FOREIGN )?TABLE (?:ONLY )?({_QUALIFIED})\s+(.*)", re.DOTALL)
_ALTER_COLUMN = re.compile(rf"ALTER COLUMN ({_IDENTIFIER}) (.*)", re.DOTALL)
_IDENTITY = re.compile(r"ADD GENERATED (ALWAYS|BY DEFAULT) AS IDENTITY \(\s*SEQUENCE NAME (.*)\)", re.DOTALL)
_ADD_CONSTRAINT = re.compile(rf"ADD (CONSTRAINT ({_IDENTIFIER}) .*)", re.DOTALL)
_TRIGGER_STATE = re.compile(rf"(?:ENABLE|DISABLE)(?: ALWAYS| REPLICA)? (TRIGGER|RULE) ({_IDENTIFIER})")
_ALTER_DOMAIN = re.compile(rf"ALTER DOMAIN ({_QUALIFIED})\s+ADD")
_CREATE_TABLE = re.compile(r"CREATE (?:UNLOGGED |FOREIGN )?TABLE ")
_BEFORE_ITEMS = re.compile(rf"CREATE (?:UNLOGGED |FOREIGN )?TABLE {_QUALIFIED}(?: OF {_QUALIFIED})?")
_NOT_NULL = re.compile(rf"NOT NULL ({_IDENTIFIER})(?: NO INHERIT)?")
_INDEX_COLUMN = re.compile(rf"ALTER INDEX ({_QUALIFIED}) ALTER COLUMN", re.DOTALL)
_ACCESS_METHOD = re.compile(r"SET default_table_access_method = (.*)")
_COMMENT_TAG = re.compile(r"([A-Z]+(?: [A-Z]+)*)(?: (.*)|$)", re.DOTALL)

RELATION, ROUTINE, TYPE = "RELATION", "ROUTINE", "TYPE"
_CLASS = {
    **dict.fromkeys(("FUNCTION", "PROCEDURE", "AGGREGATE"), ROUTINE),
    **dict.fromkeys(("TYPE", "DOMAIN", "SHELL TYPE"), TYPE),
    **dict.fromkeys(("CHECK CONSTRAINT", "FK CONSTRAINT"), "CONSTRAINT"),
    **dict.fromkeys(("FOREIGN TABLE",), "TABLE"),
    **dict.fromkeys(("PROCEDURAL LANGUAGE",), "LANGUAGE"),
}
_RELATIONS = {"TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW", "SEQUENCE"}
_ONE_THING = {
    "CLUSTER ON": "CLUSTER",
    "REPLICA IDENTITY": "REPLICA IDENTITY",
    "FORCE ROW LEVEL": "FORCE ROW SECURITY",
    "ENABLE ROW LEVEL": "ROW SECURITY",
}


@dataclass(frozen=True, slots=True)
class _Entry:
    type: str
    schema: str
    name: str
    statements: tuple[str, ...]
    access_method: str

    @property
    def main(self) -> Address:
        return (_CLASS.get(self.type, self.type), self.schema, self.name)


def parts(dump: str) -> Mapping[Address, str]:
    """Each part of a dump with its text; parts of one address are joined, sorted."""
    found: dict[Address, list[str]] = {}
    for entry in _entries(dump):
        main: list[str] = []
        for statement in _with_granter(entry) if entry.type == "ACL" else entry.statements:
            for address, text in _parts_of(entry, statement):
                (main if address == entry.main else found.setdefault(address, [])).append(text)
        if main:
            found.setdefault(entry.main, []).append("\n".join(main))
    return {address: "\n".join(sorted(texts)) for address, texts in found.items()}


def identifiers(text: str) -> list[str]:
    """The names in a qualified SQL name, without their quotes.

    >>> identifiers('public."Odd ""Name"')
    ['public', 'Odd "Name']
    """
    return [n[1:-1].replace('""', '"') if n[0] == '"' else n for n in re.findall(_IDENTIFIER, text)]


def _entries(dump: str) -> Iterator[_Entry]:
    header: re.Match[str] | None = None
    statements: list[str] = []
    pieces: list[str] = []
    at, method, applied = 0, "", ""
    for token in _TOKEN.finditer(dump):
        if token["name"] is None and token["comment"] is None and token["end"] is None:
            continue
        pieces.append(dump[at : token.start()])
        at = token.end()
        if token["end"]:
            statement = "".join(pieces).strip()
            pieces.clear()
            if chosen := _ACCESS_METHOD.match(statement):
                method = chosen[1]
            elif header and not statement.startswith(("SET default_", "SELECT pg_catalog.set_config")):
                statements.append(statement)
        elif token["name"] is not None:
            if header:
                yield _entry(header, statements, applied)
            header, statements, applied = token, [], method
            pieces.clear()
    if header:
        yield _entry(header, statements, applied)


def _entry(header: re.Match[str], statements: list[str], access_method: str) -> _Entry:
    schema = "" if header["schema"] == "-" else header["schema"]
    tablespace = _TABLESPACE.search(header["owner"])
    more = [f"TABLESPACE {tablespace[1]}"] if tablespace else []
    return _Entry(header["type"], schema, header["name"], (*statements, *more), access_method)


def _with_granter(entry: _Entry) -> Iterator[str]:
    granter = ""
    for statement in entry.statements:
        if statement.startswith("SET SESSION AUTHORIZATION "):
            granter = f" granted by {identifiers(statement)[-1]}"
        elif statement.startswith("RESET SESSION"):
            granter = ""
        else:
            yield statement + granter


def _parts_of(entry: _Entry, statement: str) -> Iterator[tuple[Address, str]]:
    kind, schema, name = entry.main
    if entry.type in {"COMMENT", "ACL", "SECURITY LABEL"}:
        yield _about(entry), statement
    elif _OWNER.fullmatch(statement):
        yield (f"OWNER OF {RELATION if entry.type in _RELATIONS else kind}", schema, name), statement
    elif " DEPENDS ON EXTENSION " in statement and statement.startswith("ALTER "):
        yield ("EXTENSION DEPENDENCY", schema, name), statement
    elif domain := _ALTER_DOMAIN.match(statement):
        yield (TYPE, schema, identifiers(domain[1])[-1]), statement
    elif altered := _ALTER_TABLE.fullmatch(statement):
        schema, table = identifiers(altered[1])
        yield from _altered(entry, schema, table, altered[2])
    elif _CREATE_TABLE.match(statement):
        yield from _created(entry, statement)
    elif index := _INDEX_COLUMN.match(statement):
        yield ("INDEX STATISTICS", schema, identifiers(index[1])[-1]), statement
    elif entry.type == "MATERIALIZED VIEW":
        yield entry.main, f"{statement} USING {entry.access_method}"
    else:
        yield entry.main, statement


def _about(entry: _Entry) -> Address:
    """``COLUMN t.a``, ``CONSTRAINT c ON t``, ``FUNCTION f(a integer)``: the tags of comments and grants are quoted SQL."""
    tag = _COMMENT_TAG.match(entry.name)
    kind, rest = (tag[1], tag[2] or "") if tag else (entry.name, "")
    bare = rest.partition("(")[0].partition(" USING ")[0]
    names = identifiers(bare) or [bare.strip()]
    if " ON " in rest and kind in {"CONSTRAINT", "TRIGGER", "RULE", "POLICY"}:
        if rest.partition(" ON ")[2].startswith("DOMAIN "):
            kind = "DOMAIN CONSTRAINT"
        names = [names[-1], names[0]]
    kind = RELATION if kind in _RELATIONS else _CLASS.get(kind, kind)
    return (f"{entry.type} ON {kind}", entry.schema, " ".join(names))


def _altered(entry: _Entry, schema: str, table: str, action: str) -> Iterator[tuple[Address, str]]:
    if column := _ALTER_COLUMN.fullmatch(action):
        name = f"{table} {identifiers(column[1])[0]}"
        if identity := _IDENTITY.fullmatch(column[2]):
            yield ("COLUMN IDENTITY", schema, name), identity[1]
            yield entry.main, f"CREATE SEQUENCE {identity[2].strip()}"
        else:
            yield ("COLUMN DEFAULT" if " DEFAULT" in column[2][:12] else "COLUMN SETTING", schema, name), column[2]
    elif constraint := _ADD_CONSTRAINT.fullmatch(action):
        yield ("CONSTRAINT", schema, f"{table} {identifiers(constraint[2])[0]}"), constraint[1]
    elif state := _TRIGGER_STATE.fullmatch(action):
        yield (f"{state[1]} STATE", schema, f"{table} {identifiers(state[2])[0]}"), action
    else:
        known = next((kind for start, kind in _ONE_THING.items() if action.startswith(start)), None)
        if action.startswith("NO FORCE ROW"):
            known = "FORCE ROW SECURITY"
        yield ((known, schema, table) if known else entry.main), (action if known else f"{schema}.{table} {action}")


def _created(entry: _Entry, statement: str) -> Iterator[tuple[Address, str]]:
    head, items, tail = _taken_apart(statement)
    order = []
    for item in items:
        if not_null := _NOT_NULL.fullmatch(item):  # of an inherited column, from PostgreSQL 18 on
            yield ("COLUMN", entry.schema, f"{entry.name} {identifiers(not_null[1])[0]}"), item
            continue
        words = re.match(rf"(CONSTRAINT )?({_IDENTIFIER})", item)
        if words is None:
            head += f" {item}"
            continue
        name = identifiers(words[2])[0]
        if not words[1]:
            order.append(words[2])
        yield ("CONSTRAINT" if words[1] else "COLUMN", entry.schema, f"{entry.name} {name}"), item
    yield ("COLUMN ORDER", entry.schema, entry.name), "\n".join(order)
    foreign, partitioned = head.startswith("CREATE FOREIGN"), "PARTITION BY" in tail
    method = f"USING {entry.access_method}" if entry.access_method and not (foreign or partitioned) else ""
    yield entry.main, " ".join(filter(None, (head, tail, method)))


def _taken_apart(statement: str) -> tuple[str, list[str], str]:
    """What stands before the outer brackets, the items in them, and what stands after them."""
    depth, start, items, head = 0, 0, [], statement
    for token in _TOKEN.finditer(statement):
        if token["bracket"] == "(":
            depth += 1
            if depth == 1:
                if not _BEFORE_ITEMS.fullmatch(statement[: token.start()].strip()):
                    return statement, [], ""  # a typed table needs no list, and these brackets are its options'
                head, start = statement[: token.start()].strip(), token.end()
        elif token["bracket"] == ")":
            depth -= 1
            if depth == 0:
                items.append(statement[start : token.start()].strip())
                return head, [item for item in items if item], statement[token.end() :].strip()
        elif token["comma"] and depth == 1:
            items.append(statement[start : token.start()].strip())
            start = token.end()
    return head, [], ""
