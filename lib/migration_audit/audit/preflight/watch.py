"""Sees what a source undoes while it is applied: the catalog is read where a statement may take something away."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import postgast
import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from migration_audit import driver
from migration_audit.catalog.queries import load_query
from migration_audit.compare.object_history import ObjectHistory
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.model.identifiers import parts_of
from migration_audit.model.location import Location
from migration_audit.model.side_effects import ROWS, SeenObject, SourceUndone, Undoing, Undone
from migration_audit.model.sql import SqlSource, Statement, StatementKind
from migration_audit.model.sql_tree import parse_or_none
from migration_audit.shadow.watch import Trace, Watch
from migration_audit.sources.watched_statements import created_role, data_changes, statements_to_watch

_WANTS_TO_BE_ALONE = re.compile(r"(?:create|alter|drop)\s+database\b", re.IGNORECASE)
"""Statements that fail while another session is connected to a database."""

Reading = tuple[tuple[SeenObject, ...], frozenset[int]]


class UndoneWatch(Watch):
    """One application of one source, possibly after others that are not looked at."""

    def __init__(self, role: str, watched: Sequence[SqlSource], conninfo: str) -> None:
        """``role`` names the side that ``watched`` are, ``conninfo`` the database that they are applied to."""
        self._role = role
        self._conninfo = conninfo
        self._own: psycopg.Connection[Any] | None = None
        self._statements = [statement for source in watched for statement in source.statements]
        self._paths = {statement.at.path for statement in self._statements}
        self._points = statements_to_watch(self._statements)
        self._objects = _MadeObjects()
        self._history = ObjectHistory()
        self._is_fresh = False
        self._has_read = False
        self._made: dict[tuple[str, str], Location] = {}
        self._undone_data: list[Undone] = []
        self._lost: Unavailable | None = None

    def begin(self, connection: psycopg.Connection[Any]) -> None:
        """What is there was created by others."""
        if self._points:
            seen, _ = self._read(connection)
            self._history = ObjectHistory(seen)

    def before(self, connection: psycopg.Connection[Any], statement: Statement) -> None:
        """Take in what quiet statements made, unless nothing ran since the last reading."""
        if _WANTS_TO_BE_ALONE.match(statement.text):
            self.close()
        if statement in self._points and not self._is_fresh:
            self._history.before(*self._read(connection))
        self._is_fresh = False  # what follows may be a repetition of the whole transaction block

    def after(self, connection: psycopg.Connection[Any], statement: Statement, rows: int) -> None:
        """See what the statement undid."""
        self._is_fresh = statement in self._points
        if self._is_fresh:
            self._has_read = True
            seen, read = self._read(connection)
            self._history.after(seen, read, statement.at)
        if statement.at.path in self._paths:
            self._see_data(statement, rows)

    def end(self, connection: psycopg.Connection[Any]) -> None:
        """Take in what is there at the end."""
        if self._has_read:
            self._history.before(*self._read(connection))
        self.close()

    def close(self) -> None:
        """End the session that reads."""
        if self._own is not None:
            self._own.close()
            self._own = None

    def found(self, trace: Trace) -> SourceUndone:
        """Everything that was undone; ``trace`` is that of the application."""
        if self._lost:
            return SourceUndone(role=self._role, unknown=self._lost)
        undone = tuple(map(self._placed, self._history.undone(trace.locate, is_own=self._is_own)))
        left = self._history.left(trace.locate, is_own=self._is_own) if undone else {}
        graded = tuple(map(self._graded, (*undone, *self._undone_data)))
        return SourceUndone(role=self._role, undone=graded, left=tuple(sorted(left.items())))

    def _graded(self, one: Undone) -> Undone:
        """Whether it is a helper: read by a statement of the same file before it is removed."""
        if one.made is None or not one.in_one_file or one.how is not Undoing.REMOVED:
            return one
        first, last = one.made.line, one.undone.line
        own = [s for s in self._statements if s.at.path == one.made.path and first <= s.at.line < last]
        creation = next((s for s in own if s.at == one.made), None)
        return replace(one, is_helper=_is_used(one.kind, one.name, creation, (s for s in own if s.at.line > first)))

    def _placed(self, one: Undone) -> Undone:
        """With its place also where the catalog does not tell it: what holds the roles is for superusers to read."""
        if one.kind != "role" or one.made:
            return one
        places = (s.at for s in self._statements if (name := created_role(s)) and one.name in {name, f'"{name}"'})
        return replace(one, made=next(places, None))

    def _is_own(self, at: Location) -> bool:
        return at.path in self._paths

    def _read(self, connection: psycopg.Connection[Any]) -> Reading:
        try:
            if connection.info.transaction_status is not TransactionStatus.IDLE:
                return self._objects.changed(connection)  # no one else sees what the transaction did
            try:
                return self._objects.changed(self._reader(), prepare=True)
            except psycopg.OperationalError:
                if self._own is None or not self._own.closed:
                    raise
                self.close()  # the SQL has ended all other sessions
                return self._objects.changed(self._reader(), prepare=True)
        except psycopg.Error as error:
            why = error.diag.message_primary or str(error)
            reason = f"{self._role}: the catalog could not be read between two statements: {why}"
            self._lost = Unavailable(reason=reason, outcome=Outcome.ERRORED)
            return (), frozenset()

    def _reader(self) -> psycopg.Connection[Any]:
        """A session of our own: it knows the catalogs and the queries already, where each file begins a new session."""
        if self._own is None:
            options = f"{conninfo_to_dict(self._conninfo).get('options') or ''} -c statement_timeout=0 -c lock_timeout=0"
            self._own = driver.connect(self._conninfo, autocommit=True, options=options.strip())
        return self._own

    def _see_data(self, statement: Statement, rows: int) -> None:
        """On an empty server a statement that deletes rows deletes what the source itself wrote."""
        for change in data_changes(statement):
            key = (change.kind, change.name)
            if change.kind == ROWS and not rows:
                continue
            if change.is_made:
                self._made.setdefault(key, statement.at)
            elif key in self._made:
                made = self._made.pop(key)
                one = Undone(kind=key[0], name=key[1], how=Undoing.REMOVED, made=made, undone=statement.at)
                self._undone_data.append(one)


_pb: Any = postgast.pg_query_pb2

_READS: Final = frozenset(
    {"select_stmt", "insert_stmt", "update_stmt", "delete_stmt", "merge_stmt", "call_stmt", "copy_stmt"}
)
_RELATIONS: Final = frozenset({"table", "view", "materialized view", "foreign table"})
_ROUTINES: Final = frozenset({"function", "procedure", "aggregate"})


def _is_used(kind: str, name: str, creation: Statement | None, between: Iterable[Statement]) -> bool:
    """Whether one of the statements reads the object: FROM a relation, a call of a routine, a column in an expression.

    ``kind`` and ``name`` are as an ``Undone`` has them, ``creation`` is the statement that creates it. What only writes into
    a table does not read it. Of a part of a table (an index, a constraint, a trigger) a statement is a use that reads or
    writes the table; of any other kind, one that names it. A DO block counts by its text.
    """
    table = name.rpartition(" on ")[2] if " on " in name else _indexed(kind, creation)
    last = _last(table or name)
    return any(_uses(kind, last, statement, is_part=bool(table)) for statement in between)


def _indexed(kind: str, creation: Statement | None) -> str:
    """The table of an index, whose name does not tell it."""
    tree = parse_or_none(creation.text) if kind == "index" and creation is not None else None
    indexes = postgast.find_nodes(tree, _pb.IndexStmt) if tree is not None else ()
    return next((str(each.relation.relname) for each in indexes), "")


def _uses(kind: str, last: str, statement: Statement, *, is_part: bool) -> bool:
    named = re.compile(rf"(?<!\w){re.escape(last)}(?!\w)", re.IGNORECASE)
    if statement.kind is not StatementKind.SQL or not named.search(statement.text):
        return False  # most statements, without parsing them
    tree = parse_or_none(statement.text)
    nodes = [each.stmt for each in tree.stmts] if tree is not None else []
    return any(_in_one(kind, last, node, statement.text, is_part=is_part) for node in nodes)


def _in_one(kind: str, last: str, node: Any, text: str, *, is_part: bool) -> bool:
    which = node.WhichOneof("node")
    if which == "do_stmt":
        return _in_text(kind, last, text)
    if which == "create_table_as_stmt":
        return last in {*_relations(node.create_table_as_stmt.query), *_calls(node)}
    if which not in _READS:
        return False
    if is_part:
        return last in _relations(node)
    read = _READERS.get(kind)
    return read(node, last) if read else kind != ROWS


def _reads_relation(node: Any, last: str) -> bool:
    target = _target(node)
    return list(_relations(node)).count(last) > (target is not None and target.relname == last)


def _reads_schema(node: Any, last: str) -> bool:
    target = _target(node)
    schemas = [str(each.schemaname) for each in postgast.find_nodes(node, _pb.RangeVar)]
    return schemas.count(last) > (target is not None and target.schemaname == last)


def _calls_routine(node: Any, last: str) -> bool:
    return last in _calls(node)


def _reads_column(node: Any, last: str) -> bool:
    return any(each.fields and each.fields[-1].string.sval == last for each in postgast.find_nodes(node, _pb.ColumnRef))


_READERS: Final[Mapping[str, Callable[[Any, str], bool]]] = {
    **dict.fromkeys(_RELATIONS, _reads_relation),
    **dict.fromkeys(_ROUTINES, _calls_routine),
    "schema": _reads_schema,
    "column": _reads_column,
}


def _target(node: Any) -> Any:
    """The table that the statement writes into; None where it writes into none."""
    which = node.WhichOneof("node")
    if which in {"select_stmt", "call_stmt"} or (which == "copy_stmt" and not node.copy_stmt.is_from):
        return None
    return getattr(node, which).relation


def _relations(node: Any) -> Iterator[str]:
    return (str(each.relname) for each in postgast.find_nodes(node, _pb.RangeVar))


def _calls(node: Any) -> Iterator[str]:
    return (each.funcname[-1].string.sval for each in postgast.find_nodes(node, _pb.FuncCall) if each.funcname)


def _in_text(kind: str, last: str, text: str) -> bool:
    """In a DO block, whose language may be any."""
    word = re.escape(last)
    if kind in _RELATIONS:
        return re.search(rf'(?<!delete )\b(?:from|join|using)\s+[\w."]*?\b{word}\b', text, re.IGNORECASE) is not None
    if kind in _ROUTINES:
        return re.search(rf'\b{word}"?\s*\(', text, re.IGNORECASE) is not None
    return kind != ROWS


def _last(name: str) -> str:
    """The last part of a name: ``f`` of ``public.f(integer)``."""
    found = parts_of(name)
    return found[-1] if found else name


_ASK = "select pg_catalog.set_config('migration_audit.objects', %s, false)"


class _MadeObjects:
    """Remembers what was there at the last reading; each reading may come from another connection to the database."""

    def __init__(self) -> None:
        """Nothing is read yet."""
        self._marks: dict[int, str] = {}

    def changed(
        self, connection: psycopg.Connection[Any], *, prepare: bool = False
    ) -> tuple[tuple[SeenObject, ...], frozenset[int]]:
        """The objects that were created or altered since the last reading, and the OIDs of these and of what is gone.

        ``prepare``: the session is not that of the SQL, and may keep the queries. Nothing is written, and no transaction is
        begun or ended; a setting of our own stays in the session. Raises psycopg.Error.
        """
        marks = dict(connection.execute(load_query("object_marks"), prepare=prepare).fetchall())
        altered = [oid for oid, mark in marks.items() if self._marks.get(oid) != mark]
        gone = self._marks.keys() - marks.keys()
        self._marks = marks
        return _read(connection, altered, prepare=prepare), frozenset((*altered, *gone))


def _read(connection: psycopg.Connection[Any], oids: Sequence[int], *, prepare: bool) -> tuple[SeenObject, ...]:
    if not oids:
        return ()
    connection.execute(_ASK, [f"{{{','.join(map(str, oids))}}}"])
    return tuple(map(_seen, connection.execute(load_query("made_objects"), prepare=prepare).fetchall()))


def _seen(row: Sequence[Any]) -> SeenObject:
    catalog, oid, part, kind, name, parent_catalog, parent, state, origin = row
    xmin, _, cmin = (origin or "").partition(",")
    return SeenObject(
        id=(catalog, oid, part),
        kind=kind,
        name=name,
        parent=(parent_catalog, parent) if parent is not None else None,
        state=state,
        origin=(int(xmin), int(cmin)) if origin else None,
    )
