"""What SQL changes where no comparison looks, whatever its text: the server, other databases, members of extensions.

The server is observed before and after, and between statements: what is changed back is not a change. A row says which
statement wrote it; of what leaves no row (a replication slot, a comment that is taken away) it is known after which
observation it was there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus

from migration_audit.model.identifiers import quoted
from migration_audit.model.side_effects import Outside, OutsideKind
from migration_audit.model.sql import Statement
from migration_audit.shadow.members import Key, Members, Part, changed_parts, name_of, names_of_members, written_later
from migration_audit.shadow.watch import Trace

_BY_THIS: Final = "is made or changed by this statement, and is not compared"
_UP_TO_THIS: Final = "is made, changed or removed by a statement up to this one, and is not compared"
_MARKS: Final = """
    select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot()),
           (select pg_catalog.string_agg(slot.slot_name, ' ') from pg_catalog.pg_get_replication_slots() as slot),
           (
               select pg_catalog.string_agg(pg_catalog.concat_ws(',', ext.oid, ext.xmin, ext.cmin), ' ')
                 from pg_catalog.pg_extension as ext
           )
"""
_SERVER: Final = """
    select 'database ' || pg_catalog.quote_ident(dat.datname), pg_catalog.concat_ws('-', 'd', dat.oid),
           (pg_catalog.to_jsonb(dat) - array['datfrozenxid', 'datminmxid'])::text, dat.xmin::text, dat.cmin::text
      from pg_catalog.pg_database as dat
     where dat.datname <> pg_catalog.current_database()
     union all
    select 'settings in database ' || pg_catalog.quote_ident(dat.datname),
           pg_catalog.concat_ws('-', 's', drs.setdatabase, drs.setrole), drs.setconfig::text, drs.xmin::text, drs.cmin::text
      from pg_catalog.pg_db_role_setting as drs
      join pg_catalog.pg_database as dat on dat.oid = drs.setdatabase
     where dat.datname <> pg_catalog.current_database()
     union all
    select 'the comment on ' || coalesce(pg_catalog.pg_describe_object(des.classoid, des.objoid, 0), 'what is dropped'),
           pg_catalog.concat_ws('-', 'c', des.classoid, des.objoid), des.description, des.xmin::text, des.cmin::text
      from pg_catalog.pg_shdescription as des
     where case des.classoid
               when 'pg_catalog.pg_database'::pg_catalog.regclass then des.objoid <> (
                   select dat.oid from pg_catalog.pg_database as dat where dat.datname = pg_catalog.current_database()
               )
               when 'pg_catalog.pg_tablespace'::pg_catalog.regclass then des.objoid < 16384
               else des.classoid <> 'pg_catalog.pg_authid'::pg_catalog.regclass
           end
     union all
    select 'the security label of '
           || coalesce(pg_catalog.pg_describe_object(sec.classoid, sec.objoid, 0), 'what is dropped'),
           pg_catalog.concat_ws('-', 'l', sec.classoid, sec.objoid, sec.provider), sec.label, sec.xmin::text, sec.cmin::text
      from pg_catalog.pg_shseclabel as sec
     union all
    select 'tablespace ' || pg_catalog.quote_ident(tsp.spcname), pg_catalog.concat_ws('-', 't', tsp.oid),
           pg_catalog.to_jsonb(tsp)::text, tsp.xmin::text, tsp.cmin::text
      from pg_catalog.pg_tablespace as tsp
     where tsp.oid < 16384
     union all
    select 'replication origin ' || pg_catalog.quote_ident(ori.roname), pg_catalog.concat_ws('-', 'o', ori.roident),
           ori.roname, ori.xmin::text, ori.cmin::text
      from pg_catalog.pg_replication_origin as ori
     where ori.roname not like 'pg\\_%'
     union all
    select 'replication slot ' || pg_catalog.quote_ident(slot.slot_name), pg_catalog.concat_ws('-', 'r', slot.slot_name),
           pg_catalog.concat_ws(' ', slot.plugin, slot.slot_type, slot.datoid, slot.two_phase), '0', '0'
      from pg_catalog.pg_get_replication_slots() as slot
     where not slot.temporary
"""
_FOUND_IN_TEXT: Final = {
    "d": re.compile("(?:CREATE|DROP|ALTER|GRANT … ON) DATABASE.*"),
    "s": re.compile("(?:ALTER|DROP) DATABASE|ALTER ROLE … IN DATABASE"),
    "c": re.compile("(?:COMMENT ON|DROP) DATABASE"),
    "l": re.compile("(?:SECURITY LABEL ON|DROP) DATABASE"),
    "t": re.compile("ALTER TABLESPACE"),
    "o": re.compile("pg_replication_origin_.*"),
    "r": re.compile("pg_.*slot.*"),
}
"""By the first letter of a key: what a statement's text is found to do, where that is what is observed."""
_LIMIT: Final = """
    select old.limits, pg_catalog.set_config('statement_timeout', %s, true)
      from (select pg_catalog.current_setting('statement_timeout')) as old (limits)
"""
_NO_LIMIT: Final = "0"
_WRITTEN: Final = """
    select 'a large object', lob.xmin::text, lob.cmin::text
      from pg_catalog.pg_largeobject_metadata as lob
     union
    select 'built-in function ' || pro.oid::pg_catalog.regprocedure, pro.xmin::text, pro.cmin::text
      from pg_catalog.pg_proc as pro
      left join pg_catalog.pg_init_privs as ini on ini.classoid = pro.tableoid and ini.objoid = pro.oid
     where pro.oid < 16384 and pro.xmin <> '1'::pg_catalog.xid and pro.proacl is not distinct from ini.initprivs
     order by 1
"""
"""Rows of transaction 1 are as initdb's first step wrote them, no statement has that id: 3,100 functions, 25 ms to name."""
_QUIET: Final = re.compile(
    r"(?:create\s+(?:table|(?:unique\s+)?index|view|sequence|type|trigger)|alter\s+table|insert|update|delete|copy"
    r"|set|show|reset|listen|notify|analyze|vacuum)\b"
    r"|comment\s+on\s+(?:table|column)\b",
    re.IGNORECASE,
)
"""Statements of which a file may have thousands: what a trigger of theirs changes elsewhere is seen after a later one."""
_TAKES_AWAY: Final = re.compile(r"\b(?:drop|null|do|call|select|execute)\b", re.IGNORECASE)
_WORD: Final = re.compile(r"\w+")
_CREATES_ALONE: Final = re.compile(
    r"(?:create|alter|drop)\s+extension\b"
    r"|do\b(?!.*\b(?:alter|call|comment|delete|drop|execute|insert|label|perform|update)\b)",
    re.IGNORECASE | re.DOTALL,
)
"""Statements that do nothing with an extension but create, update or remove it."""
_WITH_CREATION: Final = (
    "are written by this statement after it creates the extension, by it or by the extension's own script,"
    " and are not compared"
)


_Marks = tuple[str | None, str | None]


@dataclass(frozen=True, slots=True)
class _Row:
    """Something that belongs to the whole server."""

    what: str
    state: str
    written: tuple[int, int]


class UncomparedChanges:
    """Observes one application of SQL on a server that is used by no one else."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        """Remember what is there before anything is applied. Raises psycopg.Error."""
        _, self._marks = _marks(connection)
        self._marks_now: _Marks | None = None
        self._server = self._first = _server(connection)
        self._reader = Members()
        self._members = self._base = self._reader.read(connection)
        self._names = names_of_members(connection)
        self._accepted = set(_states(self._base))
        self._seen: dict[str | Key, Statement] = {}
        self._overwritten: list[tuple[Statement, Key, Part]] = []
        self._removed: list[tuple[Statement, Key, Part]] = []
        self._with_creation: list[tuple[str, tuple[int, int]]] = []
        self._last: Statement | None = None

    def next_xid(self, connection: psycopg.Connection[Any]) -> int | None:
        """The id of the next transaction, read together with what ``after`` asks first; None where that may not be read.

        Raises psycopg.Error.
        """
        if not _may_look(connection):
            return None
        xid, self._marks_now = _marks(connection)
        return xid

    def after(self, connection: psycopg.Connection[Any], statement: Statement) -> None:
        """Look what is there now, as far as the statement may have changed it. Raises psycopg.Error."""
        self._last, now, self._marks_now = statement, self._marks_now, None
        if not _may_look(connection):
            return
        before, self._marks = self._marks, now or _marks(connection)[1]
        is_server = before[0] != self._marks[0] or not _QUIET.match(statement.text)
        is_extension = before[1] != self._marks[1]
        if not (is_server or is_extension or self._may_take_away(statement.text)):
            return
        with _without_limits(connection):
            if is_server:
                self._see_server(connection, statement)
            if is_extension:
                self._see_extensions(connection, statement)
            elif self._may_take_away(statement.text):
                self._see_members(connection, statement)

    def _may_take_away(self, text: str) -> bool:
        words = (*_WORD.findall(text), *_WORD.findall(text.lower())) if _TAKES_AWAY.search(text) else ()
        return not self._names.isdisjoint(words)

    def _see_server(self, connection: psycopg.Connection[Any], statement: Statement) -> None:
        before, self._server = self._server, _server(connection)
        for key in before.keys() | self._server.keys():
            if before.get(key) != self._server.get(key):
                self._seen[key] = statement

    def _see_members(self, connection: psycopg.Connection[Any], statement: Statement) -> None:
        before, self._members = self._members, self._reader.read(connection)
        for key, _ in changed_parts(before, self._members):
            self._seen[key] = statement

    def _see_extensions(self, connection: psycopg.Connection[Any], statement: Statement) -> None:
        """An extension was created, updated or moved: what its own script made of the members is where they start."""
        members = self._reader.read(connection, changed=True)
        for key, part in changed_parts(self._base, members):
            if key in members:
                if (key, part.state) not in self._accepted:  # as it was before something was rolled back
                    self._overwritten.append((statement, key, part))
            elif key in self._seen:
                self._removed.append((self._seen[key], key, part))
        self._with_creation += written_later(self._base, members)
        self._members = self._base = members
        self._accepted.update(_states(members))
        self._names = names_of_members(connection)

    def found(self, connection: psycopg.Connection[Any], trace: Trace) -> Iterator[Outside]:
        """Each thing that is not as it was at the beginning, and that no comparison sees. Raises psycopg.Error."""
        if self._last is None:
            return
        now = _server(connection)
        for key in sorted(self._first.keys() | now.keys()):
            was, row = self._first.get(key), now.get(key)
            if (was and (was.what, was.state)) != (row and (row.what, row.state)):
                named = row or was
                yield from self._named(trace, key, named.what if named else "", row.written if row else None)
        for what, xmin, cmin in connection.execute(_WRITTEN).fetchall():
            if (by := trace.statement(int(xmin), int(cmin))) is not None:
                yield _outside(what, _BY_THIS, by)
        yield from self._changed_members(connection, trace)

    def _named(self, trace: Trace, key: str, what: str, written: tuple[int, int] | None) -> Iterator[Outside]:
        by = trace.statement(*written) if written and any(written) else None
        words, at = (_BY_THIS, by) if by else (_UP_TO_THIS, self._seen.get(key, self._last))
        if at and not any(_FOUND_IN_TEXT[key[0]].fullmatch(one.what) for one in at.outside):
            yield _outside(what, words, at)

    def _changed_members(self, connection: psycopg.Connection[Any], trace: Trace) -> Iterator[Outside]:
        now = self._reader.read(connection)
        found = [
            (key, part, trace.statement(*part.written) if key in now or key not in self._base else None)
            for key, part in changed_parts(self._base, now)
        ]
        for statement, key, part in self._overwritten:
            by = trace.statement(*part.written)
            if by not in {None, statement, trace.statement(*part.created_by)}:
                found.append((key, part, by))
        outside = {_outside(name_of(connection, key, part), _UP_TO_THIS, by): None for by, key, part in self._removed}
        for key, part, by in found:
            words, at = (_BY_THIS, by) if by else (_UP_TO_THIS, self._seen.get(key, self._last))
            if at:
                outside[_outside(name_of(connection, key, part), words, at)] = None
        yield from outside
        for name, created_by in self._with_creation:
            by = trace.statement(*created_by)
            if by is not None and not _CREATES_ALONE.match(by.text):
                yield _outside(f"members of extension {quoted(name)}", _WITH_CREATION, by)


def _states(members: Mapping[Key, Part]) -> Iterator[tuple[Key, int]]:
    return ((key, part.state) for key, part in members.items())


def _outside(what: str, words: str, by: Statement) -> Outside:
    return Outside(kind=OutsideKind.SERVER, what=what, words=words, at=by.at)


@contextmanager
def _without_limits(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """The SQL may have set limits in its session, which are not about what we ask."""
    if connection.info.transaction_status is TransactionStatus.IDLE:
        connection.execute("begin read only")
        connection.execute("set local statement_timeout = 0")
        yield
        connection.execute("commit")
        return
    row = connection.execute(_LIMIT, [_NO_LIMIT]).fetchone()
    yield
    connection.execute(_LIMIT, [row[0] if row else _NO_LIMIT])


def _may_look(connection: psycopg.Connection[Any]) -> bool:
    """Whether this is still a superuser: a role of the SQL may not be allowed to; it is seen after a later statement."""
    return connection.info.parameter_status("is_superuser") == "on"


def _marks(connection: psycopg.Connection[Any]) -> tuple[int, _Marks]:
    """The id of the next transaction, and what changes with replication slots and with extensions."""
    ((xid, slots, extensions),) = connection.execute(_MARKS).fetchall()
    return int(xid), (slots, extensions)


def _server(connection: psycopg.Connection[Any]) -> dict[str, _Row]:
    rows = connection.execute(_SERVER).fetchall()
    return {key: _Row(what, state, (int(xmin), int(cmin))) for what, key, state, xmin, cmin in rows}
