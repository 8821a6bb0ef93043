"""Sees what a source undoes while it is applied: the catalog is read where a statement may take something away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus

from migration_audit import driver
from migration_audit.catalog.created_objects import MadeObjects
from migration_audit.compare.undone import ObjectHistory
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.model.location import Location
from migration_audit.model.side_effects import ROWS, SeenObject, SourceUndone, Undoing, Undone
from migration_audit.model.sql import SqlSource, Statement
from migration_audit.shadow.trace import Trace
from migration_audit.sources.data_changes import created_role, data_changes
from migration_audit.sources.taking import statements_to_watch
from migration_audit.sources.used import is_used

_WANTS_TO_BE_ALONE = re.compile(r"(?:create|alter|drop)\s+database\b", re.IGNORECASE)
"""Statements that fail while another session is connected to a database."""

Reading = tuple[tuple[SeenObject, ...], frozenset[int]]


class UndoneWatch:
    """One application of one source, possibly after others that are not looked at."""

    def __init__(self, role: str, watched: Sequence[SqlSource], conninfo: str) -> None:
        """``role`` names the side that ``watched`` are, ``conninfo`` the database that they are applied to."""
        self._role = role
        self._conninfo = conninfo
        self._own: psycopg.Connection[Any] | None = None
        self._statements = [statement for source in watched for statement in source.statements]
        self._paths = {statement.at.path for statement in self._statements}
        self._points = statements_to_watch(self._statements)
        self._objects = MadeObjects()
        self._history = ObjectHistory()
        self._is_fresh = False
        self._has_read = False
        self._made: dict[tuple[str, str], Location] = {}
        self._undone_data: list[Undone] = []
        self._lost: Unavailable | None = None

    def begin(self, connection: psycopg.Connection[Any]) -> None:
        """What is there was made by somebody else."""
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
        return replace(one, is_helper=is_used(one.kind, one.name, creation, (s for s in own if s.at.line > first)))

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
