"""Run sources on a database, SQL as ``psql -f`` would, and remember which statement wrote which catalog row.

Statements go one by one in autocommit mode, the first failure ends everything, and explicit transaction blocks mean what
they say. Each file has a session of its own, unless the source's format says that its runner has one for all; a
file whose runner sends it in one transaction is put between BEGIN and COMMIT. Nothing is wrapped in a savepoint: a
savepoint would change what some statements do (SET TRANSACTION, COPY … FREEZE).

The rows of the catalogs carry the transaction (``xmin``) and the command in it (``cmin``) that wrote them:

- outside of a block, a statement owns the transaction ids between two readings of the snapshot's ``xmax``;
- what a command wrote has the range of its whole run;
- in a block all statements share one range, and a row that is put into a temporary table after each of them says which
  command number it had reached. The table goes with the session.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus

from migration_audit import driver
from migration_audit.model.command import AnySource, CommandSource
from migration_audit.model.errors import ServerError
from migration_audit.model.location import Location
from migration_audit.model.side_effects import Outside
from migration_audit.model.sql import (
    THIS_DATABASE,
    Applied,
    SessionScope,
    SqlFailure,
    SqlFile,
    SqlSource,
    Statement,
    StatementKind,
)
from migration_audit.shadow.command import apply_command
from migration_audit.shadow.databases import refused_settings, setting_option
from migration_audit.shadow.editions import EditionWatch, left_unseen
from migration_audit.shadow.failures import StatementError, missing_role, refusal, server_faults
from migration_audit.shadow.messages import messages
from migration_audit.shadow.settings import PRIVATE_NAME
from migration_audit.shadow.uncompared_changes import UncomparedChanges
from migration_audit.shadow.watch import Lockout, Trace, TransactionSpan, Watch

_CHECK_CLIENT = "set client_connection_check_interval = '5s'"
"""What runs for a client that was killed is ended, on systems that can tell."""
_OPTIONS = "-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0 -c client_min_messages=warning"
MOST_NOTICES = 200
_LAST_COMMAND = 2**32
"""Above every ``cmin``."""

_IS_PRIVATE = f"select (pg_catalog.current_setting('cluster_name') = '{PRIVATE_NAME}')::int"
_NEXT_XID = "select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())"
_MARKER = "pg_temp.migration_audit_marker"
_MARK = f"insert into {_MARKER} default values returning cmin"  # noqa: S608 - a constant name
_MAKE_MARKER = f"create temp table {_MARKER} (); grant insert, select on {_MARKER} to public; commit"
_WITHOUT_TRIGGERS = "begin; set local session_replication_role = replica; "
"""Event triggers that the SQL has made must not notice the marker; they do not fire for a replica."""

_COPY_TO_CLIENT = re.compile(r"copy\b.*\bto\s+stdout\b", re.IGNORECASE | re.DOTALL)
_WITHOUT_SNAPSHOT = re.compile(r"(?:set|show|reset|lock|fetch|listen|notify|unlisten|checkpoint)\b", re.IGNORECASE)
"""Statements that write nothing, and after which SET TRANSACTION must still be possible."""
_DISCARD = re.compile(r"discard\b", re.IGNORECASE)
_CHAIN = re.compile(r"(?:commit|end|rollback|abort)\b.*\band\s+chain\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What applying gave, and where what it made comes from."""

    applied: Applied
    trace: Trace
    outside: tuple[Outside, ...]
    """What was created or changed outside of the database, as a server of our own shows it."""


@server_faults("a query of the audit itself")
def apply_sources(
    conninfo: str, sources: Sequence[AnySource], *, watch: Watch | None = None, is_observed: bool = False
) -> Application:
    """Apply ``sources`` one after the other to the database at ``conninfo``, up to the first failure.

    A role that the SQL uses and does not create is created without any rights, where the caller may create roles, and
    listed in ``assumed_roles``. ``watch`` sees every statement. Unless ``is_observed``, ``outside`` is empty. Raises
    ServerError if the database cannot be reached; SQL that fails is a result, not an exception.
    """
    run = _Run(conninfo, watch or Watch(), is_observed=is_observed)
    failure: SqlFailure | None = None
    for source in sources:
        failure = run.command(source) if isinstance(source, CommandSource) else _apply_source(run, source)
        if failure:
            break
    trace = Trace(run.spans)
    with closing(run.connect()) as connection:
        run.watch.end(connection)
        outside = tuple(run.uncompared_changes.found(connection, trace)) if run.uncompared_changes else ()
    applied = Applied(
        sequence=tuple(source.name for source in sources),
        failure=failure,
        assumed_roles=tuple(run.assumed_roles),
        notices=tuple(run.notices),
        notes=(*run.notes, *run.editions.notes),
        outputs=tuple(run.outputs),
    )
    return Application(applied=applied, trace=trace, outside=outside)


def _apply_source(run: _Run, source: SqlSource) -> SqlFailure | None:
    """Each file in its session; a session is opened for its first file and closed after its last one."""
    runs = _session_runs(source)
    last = {name: number for number, (name, _) in enumerate(runs)}
    sessions: dict[str, _Session] = {}
    with ExitStack() as closing_all:
        for number, (name, files) in enumerate(runs):
            if name not in sessions:
                connection = closing_all.enter_context(closing(run.connect(source.settings, source.settings_at)))
                sessions[name] = _Session(connection, run, source)
            failure = sessions[name].apply(files)
            if failure:
                return failure
            if last[name] == number:
                sessions.pop(name).close()
    return None


def _session_runs(source: SqlSource) -> list[tuple[str, list[SqlFile]]]:
    """Files that follow each other in one session, with the name of the session."""
    runs: list[tuple[str, list[SqlFile]]] = []
    for number, file in enumerate(source.files):
        alone = "" if source.session is SessionScope.SOURCE else f"file {number}"
        name = file.session or alone
        if runs and (file.joined or runs[-1][0] == name):
            runs[-1][1].append(file)
        else:
            runs.append((name, [file]))
    return runs


class _Run:
    """What outlives the session of one file."""

    def __init__(self, conninfo: str, watch: Watch, *, is_observed: bool) -> None:
        self.watch = watch
        self.editions = EditionWatch()
        self.assumed_roles: list[str] = []
        self.notices: dict[str, None] = {}
        self.notes: list[str] = []
        self.outputs: list[str] = []
        self.spans: list[TransactionSpan] = []
        given = conninfo_to_dict(conninfo)
        self._options = f"{given.get('options') or ''} {_OPTIONS}".strip()
        self._conninfo = make_conninfo(conninfo, application_name="migration-audit", client_encoding="UTF8")
        self.lockout = Lockout(lambda: driver.connect(self._conninfo, autocommit=True))
        with closing(self.connect()) as connection:
            self._next_xid = _number(connection, _NEXT_XID)
            self.is_shared = not _number(connection, _IS_PRIVATE)
            self.uncompared_changes = UncomparedChanges(connection) if is_observed and not self.is_shared else None
            watch.begin(connection)

    def connect(self, settings: Sequence[tuple[str, str]] = (), given_at: Location | None = None) -> driver.Connection:
        """A session that starts with ``settings``, which the user gives at ``given_at``."""
        chosen = " ".join([self._options, *(setting_option(name, value) for name, value in settings)])
        try:
            connection = driver.connect(self._conninfo, autocommit=True, prepare_threshold=None, options=chosen)
        except psycopg.OperationalError as error:
            if settings:
                self.connect().close()  # if that fails too, it is not because of the settings
                raise refused_settings(settings, given_at, str(error)) from error
            raise self.lockout.error(error) or ServerError(
                f"the database to apply SQL to cannot be reached: {str(error).strip()}",
                where=str(conninfo_to_dict(self._conninfo).get("dbname") or "the default database"),
                todo="check whether the server is still running: migration-audit server status",
            ) from error
        for setting in ("set lc_messages = 'C'", _CHECK_CLIENT):
            with suppress(psycopg.Error):  # plain roles may not; messages then come in the server's language
                connection.execute(setting)
        return connection

    def close_span(self, connection: psycopg.Connection, steps: Iterable[tuple[int, Statement | None]]) -> None:
        """Everything since the last reading belongs to ``steps``."""
        xid = self.uncompared_changes.next_xid(connection) if self.uncompared_changes else None
        start, self._next_xid = self._next_xid, _number(connection, _NEXT_XID) if xid is None else xid
        if start < self._next_xid:
            self.spans.append(TransactionSpan(start, self._next_xid, tuple(steps)))

    def observe(self, connection: psycopg.Connection, statement: Statement) -> None:
        """See what the statement did outside of its database, on a server that is used by no one else."""
        if self.uncompared_changes:
            self.uncompared_changes.after(connection, statement)

    def command(self, source: CommandSource) -> SqlFailure | None:
        """Let the command migrate the database; what it wrote there is its own."""
        ran = apply_command(source, self.connect)
        self.outputs.append(ran.output)
        self.notes += ran.notes
        wrote = len(self.spans)
        with closing(self.connect()) as connection:
            whole = Statement(text="", at=source.at)
            self.close_span(connection, [(_LAST_COMMAND, whole)])
            self.observe(connection, whole)
            self.notes += filter(None, [left_unseen(connection, str(source.at))])
        if len(self.spans) == wrote and not ran.failure:
            self.notes.append(f"{source.at} wrote nothing into its database")
        return ran.failure

    def assume_role(self, name: str) -> bool:
        """Create a role without rights, in a session of its own; False if that was done before or is not allowed."""
        if name in self.assumed_roles:
            return False
        try:
            with closing(self.connect()) as connection:
                connection.execute(sql.SQL("create role {} nologin").format(sql.Identifier(name)))
        except psycopg.Error:
            return False
        self.assumed_roles.append(name)
        return True

    def notice(self, at: Location, diagnostic: psycopg.errors.Diagnostic) -> None:
        if diagnostic.severity_nonlocalized == "WARNING" and len(self.notices) < MOST_NOTICES:
            self.notices[f"{at}: {diagnostic.message_primary}"] = None


@dataclass(slots=True)
class _Block:
    """A transaction block that is open: its statements from BEGIN on, and how far the command numbers went."""

    statements: list[Statement]
    steps: list[tuple[int, Statement | None]] = field(default_factory=list)
    is_traced: bool = True


class _Session:
    """One session, and the files that are applied in it."""

    def __init__(self, connection: driver.Connection, run: _Run, source: SqlSource) -> None:
        """What ``source`` says of its sessions: what it sends first, between its files and behind each."""
        self._connection = connection
        self._run = run
        self._source = source
        self._before = source.opening
        self._block: _Block | None = None
        self._has_marker = False
        self._at = Location("", 0)
        self._rows = -1
        connection.add_notice_handler(lambda diagnostic: run.notice(self._at, diagnostic))

    def close(self) -> None:
        self._connection.close()

    def apply(self, files: Sequence[SqlFile]) -> SqlFailure | None:
        """The first failure, if there is one."""
        sent = messages(files, in_one=self._source.one_transaction, recording=self._source.recording)
        if any(statement.kind is StatementKind.TRANSACTION for message in sent for statement in message):
            self._make_marker()
        # The statement's own limit is inside of this one; whichever ends first is named.
        with self._connection.within(self._source.file_timeout * len(files)):
            for message in filter(None, sent):
                failure = self._apply([*(Statement(text=text, at=message[0].at) for text in self._before), *message])
                if failure:
                    return failure
                self._before = self._source.between
        return None

    def _apply(self, statements: Sequence[Statement]) -> SqlFailure | None:
        try:
            for statement in statements:
                if failure := refusal(statement, is_shared=self._run.is_shared):
                    return failure
                self._execute(statement)
        except StatementError as refused:
            return refused.failure(self._connection, self._run.connect)
        except psycopg.Error as error:  # between two statements
            raise StatementError(statement, error).server_failed() from error
        if self._block is None:
            return None
        begin = self._block.statements[0]
        message = "this transaction is not committed: it would be rolled back at the end of the file"
        return SqlFailure(at=begin.at, statement=begin.text, message=message, sqlstate=None)

    def _execute(self, statement: Statement) -> None:
        while True:
            self._run.watch.before(self._connection, statement)
            try:
                self._send(statement)
                break
            except StatementError as refused:
                role = missing_role(refused.error)
                if role is None or not self._run.assume_role(role):
                    raise
            self._replay()
        rows = self._rows
        self._follow(statement)
        self._run.watch.after(self._connection, statement, rows)

    def _send(self, statement: Statement) -> None:
        self._at, self._rows = statement.at, -1
        text = statement.text.replace(THIS_DATABASE, self._connection.info.dbname).encode()
        try:
            with self._connection.within(self._source.statement_timeout):
                self._send_text(statement, text)
        except psycopg.Error as error:
            raise StatementError(statement, error) from error

    def _send_text(self, statement: Statement, text: bytes) -> None:
        if statement.kind is StatementKind.COPY:
            with self._connection.cursor() as cursor, cursor.copy(text) as copy:
                copy.write(statement.data.encode())
            self._rows = cursor.rowcount
        elif _COPY_TO_CLIENT.match(statement.text):
            with self._connection.cursor() as cursor, cursor.copy(text) as copy:
                for _ in copy:
                    pass
        else:
            with self._run.editions.nothing_lost(self._connection, statement):
                self._rows = self._connection.execute(text).rowcount

    def _follow(self, statement: Statement) -> None:
        """Keep account of what the statement did to the transaction, and of what is now its own."""
        is_open = self._connection.info.transaction_status is not TransactionStatus.IDLE
        block = self._block
        if not is_open:
            self._run.lockout.look([*(block.statements if block else ()), statement])
        if _DISCARD.match(statement.text):  # takes the marker along
            self._has_marker = False
        if block is None:
            if is_open:
                self._block = _Block([statement])
            else:
                self._run.close_span(self._connection, [(_LAST_COMMAND, statement)])
        elif is_open and not _CHAIN.match(statement.text):
            block.statements.append(statement)
            self._mark(block, statement)
        else:
            end = statement if block.is_traced else None
            self._run.close_span(self._connection, [*block.steps, (_LAST_COMMAND, end)])
            self._block = _Block([statement]) if is_open else None
        if not is_open:
            self._run.observe(self._connection, statement)

    def _replay(self) -> None:
        """Run the open block again up to where it failed, as if the role had been there from the start."""
        block = self._block
        if block is None:
            return
        self._connection.execute("rollback")
        block.steps.clear()
        for statement in block.statements:
            if statement is block.statements[0] and _CHAIN.match(statement.text):
                self._connection.execute("begin")
            else:
                self._send(statement)
                self._mark(block, statement)

    def _mark(self, block: _Block, statement: Statement) -> None:
        """Read which command number the block has reached."""
        if statement.kind is StatementKind.TRANSACTION or _WITHOUT_SNAPSHOT.match(statement.text):
            return
        block.is_traced &= self._has_marker
        if block.is_traced:
            block.steps.append((_number(self._connection, _MARK), statement))
            self._run.observe(self._connection, statement)

    def _make_marker(self) -> None:
        for start in (_WITHOUT_TRIGGERS, "begin; "):
            try:
                self._connection.execute((start + _MAKE_MARKER).encode())
            except psycopg.Error:  # not a superuser, or without the right to temporary tables: blocks stay untraced
                self._connection.execute("rollback")
            else:
                self._has_marker = True
                return


def _number(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0
