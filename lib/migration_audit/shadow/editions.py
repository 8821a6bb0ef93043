"""What TimescaleDB's Apache edition takes without an error and drops, and which version knows what a statement asks for.

The Apache edition refuses most of what only the Community edition does, but not all of it: it takes
``CREATE TABLE … WITH (tsdb.hypertable, tsdb.segmentby = …)`` and leaves the columnstore out, and a refusal inside of a DO
block may be caught by the block. So a statement that asks for such a thing is followed by a look at what arrived.

Source: https://github.com/timescale/timescaledb/blob/main/src/with_clause/create_table_with_clause.c
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import psycopg

from migration_audit.formats.lexer import TokenKind, tokens, unquoted
from migration_audit.model.sql import Statement

_COMMUNITY = "The Community edition supports it: MIGRATION_AUDIT_SERVER=docker, or url for your own server"
_NEWER = "MIGRATION_AUDIT_SERVER=debian:sid or docker provides a newer version, url uses your own server"

_MAY_ASK = re.compile(r"tsdb|timescaledb|\badd_(?:job|polic)|_policy\b", re.IGNORECASE)
_OPTION = re.compile(
    r"(?:enable_)?(?:compress|columnstore|segment_?by|order_?by|sparse|direct_compress|cagg_|continuous)\w*"
)
_FUNCTION = re.compile(
    r"add_(?:job|policies|(?:retention|compression|columnstore|reorder|continuous_aggregate|compaction)_policy)"
)
_ROUTINE = re.compile(r"\s*create\s+(?:or\s+replace\s+)?(?:function|procedure)\b", re.IGNORECASE)
_DO = re.compile(r"\s*do\b", re.IGNORECASE)
_HYPERTABLE_OPTION = re.compile(r"\b(?:tsdb|timescaledb)\s*\.\s*hypertable\b", re.IGNORECASE)
_COLUMNSTORE_OPTION = re.compile(r"\b(?:tsdb|timescaledb)\s*\.\s*(?:enable_)?columnstore\b", re.IGNORECASE)
_IMPLIED = (
    "the Community edition would also turn on the hypertable's columnstore (from TimescaleDB 2.23 on with a policy), which"
    " this Apache edition cannot; timescaledb.columnstore = false turns it off everywhere"
)
_UNKNOWN_OPTION = re.compile(r'unrecognized parameter (?P<namespace>namespace )?"(?:tsdb|timescaledb)\b')
_OFF = re.compile(r"=(?:'(?:false|off|no|0)'|(?:false|off|no|0)\b)")

_IS_APACHE = """
    select pg_catalog.current_setting('timescaledb.license', true) = 'apache'
       and pg_catalog.to_regclass('_timescaledb_catalog.continuous_agg') is not null
"""
_ARRIVED = """
    select (select pg_catalog.count(*) from _timescaledb_catalog.compression_settings)
         + (select pg_catalog.count(*) from _timescaledb_catalog.continuous_agg)
         + (select pg_catalog.count(*) from timescaledb_information.jobs where job_id >= 1000)
"""
_VERSION = """
    select coalesce(
        (select extversion from pg_catalog.pg_extension where extname = 'timescaledb'),
        (select default_version from pg_catalog.pg_available_extensions where name = 'timescaledb')
    )
"""
Word = tuple[TokenKind, str]


@dataclass(slots=True)
class EditionWatch:
    """What one application of sources asks for that only the Community edition has."""

    _routines: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Routines that the sources made, with what their bodies ask for."""
    notes: list[str] = field(default_factory=list)
    """What the Community edition would do of itself, with the place of the statement."""

    @contextmanager
    def nothing_lost(self, connection: psycopg.Connection, statement: Statement) -> Iterator[None]:
        """Run a statement in here; raises FeatureNotSupported where the Apache edition took it and left something out."""
        asked, is_implied = self.asks_for(statement.text), _implies_columnstore(statement.text)
        before = _count(connection) if asked or is_implied else None
        yield
        if before is None:
            return
        if not asked:
            self.notes.append(f"{statement.at}: {_IMPLIED}")
        elif _count(connection) == before:
            raise psycopg.errors.FeatureNotSupported(
                "TimescaleDB's Apache edition, which this server has, accepted "
                f"this statement but ignored {', '.join(asked)}\n{_COMMUNITY}"
            )

    def asks_for(self, text: str) -> tuple[str, ...]:
        """What only the Community edition does of what a statement asks for: ``segmentby``, ``add_job``.

        A routine is remembered, and asks for it when it is called.
        """
        if not (self._routines or _MAY_ASK.search(text)):
            return ()
        found = list(_words(text, within_strings=bool(_DO.match(text))))
        if _ROUTINE.match(text):
            self._remember(text, found)
            return ()
        called = [named for name in _calls(found) for named in self._routines.get(name, ())]
        return tuple(dict.fromkeys([*_options(found), *_functions(found), *called]))

    def _remember(self, text: str, outside: Sequence[Word]) -> None:
        words = list(_words(text, within_strings=True))
        if asked := tuple(dict.fromkeys([*_options(words), *_functions(words)])):
            self._routines[next(_calls(outside), "")] = asked


def left_unseen(connection: psycopg.Connection, command: str) -> str | None:
    """What to say of a command, whose statements were not seen, that migrated this database; None without Apache edition."""
    if _count(connection) is None:
        return None
    return (
        f"{command}: not checked whether it uses features of TimescaleDB's Community edition (columnstore, "
        f"policies, jobs, continuous aggregates), which this Apache edition may accept and ignore. {_COMMUNITY}"
    )


def _implies_columnstore(text: str) -> bool:
    return bool(_HYPERTABLE_OPTION.search(text)) and not _COLUMNSTORE_OPTION.search(text)


def _count(connection: psycopg.Connection) -> int | None:
    """How many settings, jobs and aggregates of the Community edition are there; None where the edition is another one."""
    row = connection.execute(_IS_APACHE).fetchone()
    if not (row and row[0]):
        return None
    found = connection.execute(_ARRIVED).fetchone()
    return int(found[0]) if found else 0


def edition_advice(error: psycopg.Error, text: str, connect: Callable[[], psycopg.Connection]) -> str | None:
    """What to do about an error that has to do with TimescaleDB's edition or version; None for any other."""
    message = error.diag.message_primary or ""
    if error.sqlstate == "0A000" and '"apache" license' in message:
        return f"This server has TimescaleDB's Apache edition. {_COMMUNITY}"
    unknown = _UNKNOWN_OPTION.match(message)
    if unknown is None:
        return None
    with closing(connect()) as connection:
        row = connection.execute(_VERSION).fetchone()
    version = row[0] if row and row[0] else None
    if version is None:
        return "This server does not have TimescaleDB"
    if not unknown["namespace"]:
        return f"TimescaleDB {version} does not support it; {_NEWER}"
    if _HYPERTABLE_OPTION.search(text) and _numbers(version) < (2, 20):
        return (
            f"CREATE TABLE … WITH (timescaledb.hypertable) needs TimescaleDB 2.20 or later, and this is {version}; {_NEWER}"
        )
    return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version)[:2])


def _words(text: str, *, within_strings: bool) -> Iterator[Word]:
    """The tokens that say something, strings replaced by what is in them where it may be SQL that runs."""
    data = text.encode()
    for token in tokens(data):
        spelled = data[token.start : token.end].decode(errors="replace")
        if token.kind is TokenKind.STRING and within_strings and _MAY_ASK.search(spelled):
            yield from _words(unquoted(spelled), within_strings=True)
        elif token.kind is not TokenKind.COMMENT:
            yield token.kind, spelled.lower()


def _options(words: Sequence[Word]) -> Iterator[str]:
    """``segmentby`` of ``WITH (tsdb.segmentby = …)``, unless its value switches it off."""
    depth = 0
    for number, (kind, word) in enumerate(words):
        depth += (kind is TokenKind.OPEN) - (kind is TokenKind.CLOSE)
        if depth == 0 or word not in {"tsdb", "timescaledb"}:
            continue
        dot, option, *value = [spelled for _, spelled in words[number + 1 : number + 5]] or [""] * 2
        if dot == "." and _OPTION.fullmatch(option) and not _OFF.match("".join(value)):
            yield option


def _functions(words: Sequence[Word]) -> Iterator[str]:
    return (name for name in _calls(words) if _FUNCTION.fullmatch(name))


def _calls(words: Sequence[Word]) -> Iterator[str]:
    """The names in front of an opening parenthesis."""
    for (kind, word), (following, _) in pairwise(words):
        if following is TokenKind.OPEN and kind in {TokenKind.WORD, TokenKind.QUOTED}:
            yield word.strip('"')
