"""The statements of ``pg_dump --schema-only``, each with its entry, as PostgreSQL's own parser reads them.

pg_dump writes a comment with type, name and schema before each entry. What is before the first one (versions, ``SET``)
is not part of the schema. What a ``SET`` between entries says of the statements after it is reported with each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import postgast

from migration_audit.model.errors import AuditError
from migration_audit.model.identifiers import identifiers_in, in_quotes, leading_name
from migration_audit.model.sql_tree import parse

_HEADER = re.compile(r"^--\n-- Name: ([^\n]*; Type: [A-Z ]+; Schema: [^\n]*; Owner:[^\n]*)\n--$", re.MULTILINE)
_TYPE, _SCHEMA, _OWNER = re.compile(r"; Type: (?=([A-Z ]+);)"), re.compile(r"; Schema: "), re.compile(r"; Owner:")
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_TAG_KIND = re.compile(r"^(?:[A-Z]+ )*")
_LINE_IN_NAME = re.compile(r'"[^"]*[\n\r]')
_SETTINGS = {
    "default_table_access_method": "access_method",
    "default_tablespace": "tablespace",
    "session_authorization": "granter",
}
_RESTRICT = re.compile(r"^\\restrict (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DumpEntry:
    """What pg_dump says of the statements that follow: ``TABLE``, the schema (empty for none), the name."""

    type: str
    schema: str
    name: str


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """What was set for the statements that follow."""

    access_method: str = ""
    tablespace: str = ""
    granter: str = ""


@dataclass(frozen=True)
class DumpStatement:
    """One statement of a dump."""

    entry: DumpEntry
    text: str
    settings: SessionSettings

    @property
    def key(self) -> tuple[object, ...]:
        """Everything that its parts depend on, without its tree."""
        return self.entry, self.text, self.settings

    @cached_property
    def node(self) -> Any:
        """Its parse tree; None where it is nested deeper than a tree can be read."""
        return _parsed(self.text)

    @property
    def replaces_view(self) -> bool:
        """Whether it is the second of two for a view, the one with the query."""
        return self.text.startswith("CREATE OR REPLACE VIEW")

    @property
    def kind(self) -> str:
        """``create_stmt``: what the parser calls it; empty without a tree."""
        return self.node.DESCRIPTOR.name if self.node is not None else ""

    @cached_property
    def _bytes(self) -> bytes:
        return self.text.encode()

    @cached_property
    def tokens(self) -> list[tuple[int, int]]:
        """Where each token begins and ends, in bytes, as everything that the parser counts."""
        return [(token.start, token.end) for token in postgast.scan(self.text).tokens]

    def between(self, start: int, end: int | None = None) -> str:
        """The text from one byte to another, without white space around it."""
        return self._bytes[start:end].decode().strip()

    def word(self, number: int) -> str:
        """The token of that number as it is written; empty past the last one."""
        return self.between(*self.tokens[number]) if number < len(self.tokens) else ""

    def after(self, *words: str) -> str:
        """The text after the first place where these keywords are."""
        for number in range(len(self.tokens)):
            if all(self.word(number + n).upper() == word for n, word in enumerate(words)):
                return self.between(self.tokens[number + len(words) - 1][1])
        raise LookupError(f"{words} in {self.text}")


def statements(dump: str) -> Iterator[DumpStatement]:
    """Each statement of a dump that belongs to an entry, in order.

    Raises AuditError when the dump is not SQL for the parser.
    """
    if found := _RESTRICT.search(dump):  # psql's, with a random word that is nowhere else
        dump = dump.replace(f"\\restrict {found[1]}", "").replace(f"\\unrestrict {found[1]}", "")
    try:
        texts = postgast.split(dump, method="parser")
    except postgast.PgQueryError as error:
        raise AuditError(
            f"the SQL parser cannot read the output of pg_dump: {error}",
            todo="compare with --no-cross-check, and report this with the statement",
        ) from error
    entry, settings, at = None, SessionSettings(), 0
    for text in texts:
        start = dump.index(text, at)
        for header in _HEADER.finditer(dump, at, start):
            entry = _entry(header[1], text)
        at = start + len(text)
        if text.startswith(("SET ", "RESET ")):
            settings = _set(settings, _parsed(text))
        elif entry and not text.startswith("SELECT pg_catalog.set_config"):
            yield DumpStatement(entry, text, settings)


def _entry(header: str, text: str) -> DumpEntry:
    """The entry of the statement behind its header.

    A name may hold what separates the header's fields, and pg_dump writes its line ends as blanks: the identifiers of the
    statement say which reading is meant, and what stood there.
    """
    readings = list(_readings(header))
    if len(readings) == 1 and not _LINE_IN_NAME.search(text):
        return readings[0]
    names = set(identifiers_in(_LITERAL.sub("", text)))
    entry = max(readings, key=lambda one: _likelihood(one, {_flat(name) for name in names}))
    for name in sorted((n for n in names if n != _flat(n)), key=len, reverse=True):
        for written in (in_quotes(name), name):
            entry = replace(
                entry,
                schema=entry.schema.replace(_flat(written), written),
                name=entry.name.replace(_flat(written), written),
            )
    return entry


def _readings(header: str) -> Iterator[DumpEntry]:
    """Every way to cut it into name, type, schema and owner; the longest name comes last."""
    for of_type in _TYPE.finditer(header):
        kind = of_type[1]
        rest = header[of_type.end() + len(kind) :]
        if of_schema := _SCHEMA.match(rest):
            for of_owner in _OWNER.finditer(rest, of_schema.end()):
                schema = rest[of_schema.end() : of_owner.start()]
                yield DumpEntry(kind, "" if schema == "-" else schema, header[: of_type.start()])


def _likelihood(entry: DumpEntry, names: set[str]) -> int:
    """How well the fields of an entry agree with the names in its statement, as pg_dump writes them."""
    if entry.schema not in {"", *names}:
        return 0
    if entry.type in {"COMMENT", "ACL", "SECURITY LABEL"}:
        found, after = leading_name(_TAG_KIND.sub("", entry.name, count=1))
        return 2 if found and (not after or after.startswith(("(", " ON ", " USING "))) else 1
    is_named = any(entry.name == name or entry.name.startswith((f"{name} ", f"{name}(")) for name in names)
    return 2 if is_named else int(not _TYPE.search(entry.name))


def _flat(name: str) -> str:
    """As pg_dump writes it into a comment."""
    return name.replace("\n", " ").replace("\r", " ")


def _parsed(text: str) -> Any:
    try:
        statement = parse(text).stmts[0].stmt
    except postgast.PgQueryError:  # its tree is too deep
        return None
    return getattr(statement, statement.WhichOneof("node"))


def _set(settings: SessionSettings, node: Any) -> SessionSettings:
    value = node.args[0].a_const.sval.sval if node.args else ""
    name = _SETTINGS.get(node.name)
    return replace(settings, **{name: value}) if name else settings
