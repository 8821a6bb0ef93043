"""Let a migration runner migrate a shadow: without the caller's secrets, as an unprivileged user, and with an end to it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from migration_audit.model.command import CommandSource, filled
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError, ServerError
from migration_audit.model.redaction import Redaction
from migration_audit.model.sql import SqlFailure
from migration_audit.shadow import guard, supervisor
from migration_audit.shadow.paths import Account, server_account
from migration_audit.shadow.rundir import data_of, new_directory

if TYPE_CHECKING:
    import psycopg

_KEPT = ("PATH", "LANG")
"""What a command gets of the caller's environment."""
_SHOWN_LINES = 20
_SHOWN_ERRORS = 5
_NAMES_ERROR = re.compile(r"error|exception|fatal|fail", re.IGNORECASE)
_LONGEST_LINE = 400
_CUT = 1_024
"""Characters at the start of output whose beginning is lost that are not shown: they may hold the rest of a secret."""
_OTHER_SESSIONS = """
select pg_catalog.count(pg_catalog.pg_terminate_backend(pid))
  from pg_catalog.pg_stat_activity
 where datname = pg_catalog.current_database() and pid <> pg_catalog.pg_backend_pid() and backend_type = 'client backend'
"""
_SESSIONS_LIMIT = 10.0
_LIFE = "select pg_catalog.pg_postmaster_start_time(), stats_reset from pg_catalog.pg_stat_bgwriter"
"""Another answer after a restart, and after a crash, from which a server recovers with new statistics."""
_DISK_FULL = re.compile(r"no space left on device", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandRun:
    """What one run of a command came to."""

    failure: SqlFailure | None
    output: str
    """The end of what it printed, without secrets."""
    notes: tuple[str, ...] = ()
    status: int | None = None
    """Its exit code, less than 0 for a signal; None where it did not finish."""


@dataclass(frozen=True, slots=True)
class Target:
    """The database that a command has to migrate, as its placeholders name it."""

    host: str
    port: str
    user: str
    password: str
    database: str
    sslmode: str | None

    @property
    def values(self) -> dict[str, str]:
        """The value of each placeholder."""
        own = {name: getattr(self, name) for name in ("host", "port", "user", "password", "database")}
        return own | {"url": self.url}

    @property
    def url(self) -> str:
        """``postgresql://user:password@host:port/database``; a socket's folder is given as a parameter."""
        user = quote(self.user, safe="")
        login = f"{user}:{quote(self.password, safe='')}" if self.password else user
        database = quote(self.database, safe="")
        if self.host.startswith("/"):
            return f"postgresql://{login}@/{database}?host={quote(self.host, safe='')}&port={self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"postgresql://{login}@{host}:{self.port}/{database}"

    @property
    def variables(self) -> dict[str, str]:
        """libpq's variables; sslmode among them, since some drivers ask for TLS unless they are configured not to."""
        given = {"PGHOST": self.host, "PGPORT": self.port, "PGUSER": self.user, "PGDATABASE": self.database}
        more = {"PGPASSWORD": self.password, "PGSSLMODE": self.sslmode}
        return given | {name: value for name, value in more.items() if value}


def apply_command(source: CommandSource, connect: Callable[[], psycopg.Connection[Any]]) -> CommandRun:
    """Let the command migrate the database that ``connect`` leads to; no session of it is left when this returns.

    Password and host are those that libpq used, wherever it found them. Raises ServerError like ``run_command``.
    """
    with closing(connect()) as connection:
        info = connection.info
        sslmode = info.get_parameters().get("sslmode")
        target = Target(info.host, str(info.port), info.user, info.password, info.dbname, sslmode)
        before = connection.execute(_LIFE).fetchone()
    ran = run_migration_command(source, target)
    with closing(connect()) as connection:
        if ran.failure and (connection.execute(_LIFE).fetchone() != before or _DISK_FULL.search(ran.output)):
            what = "the server failed while a command migrated it, so nothing is known about the command"
            todo = "check whether its disk has space (migration-audit server status), and run it again"
            raise ServerError(f"{what}: {ran.failure.message}", where=str(source.at), todo=todo)
        _end_other_sessions(connection)
    return ran


def _end_other_sessions(connection: psycopg.Connection[Any]) -> None:
    """Sessions of a command that has ended may still be rolling back."""
    limit = time.monotonic() + _SESSIONS_LIMIT
    while (connection.execute(_OTHER_SESSIONS).fetchone() or (0,))[0] and time.monotonic() < limit:
        time.sleep(0.01)


def run_migration_command(source: CommandSource, target: Target, *, account: Account | None = None) -> CommandRun:
    """Run the command once against ``target``; what goes wrong in it is a failure with the end of its output.

    It runs in ``source.directory`` with a private home, as ``account``; by default as that of the server, which is another
    one where the caller is root. Nothing that it started is alive afterwards. Raises ServerError when it could not be
    supervised.
    """
    account = account or server_account()
    environment = {name: filled(value, target.values) for name, value in source.env}
    redaction = Redaction.of(target.password, quote(target.password, safe=""), named=environment)
    own = {name: os.environ[name] for name in _KEPT if name in os.environ}
    specification = {
        "command": list(source.command),
        "directory": source.directory,
        "environment": own | target.variables | environment,
        "account": None if account.is_caller else [account.uid, account.gid],
        "readable": [source.directory, *source.paths],
        "timeout": source.timeout,
    }
    with _in_turn(source.directory):
        found = _supervised(specification, account)
        changed = _changed(source)
    return _judged(source, found | {"changed": changed}, redaction, account)


_turns: dict[str, threading.Lock] = {}
_turns_guard = threading.Lock()


def _in_turn(directory: str) -> threading.Lock:
    """What runs in one directory comes one after the other: a runner may keep files of its own there."""
    with _turns_guard:
        return _turns.setdefault(directory, threading.Lock())


def _supervised(specification: dict[str, Any], account: Account) -> dict[str, Any]:
    """What the supervisor says became of the command. Interrupted, it kills the command before the interruption goes on."""
    with new_directory(account) as (directory, held):
        _add_home(specification, directory, account)
        process = held.start(supervisor.__file__, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        held.send(json.dumps(specification).encode() + b"\n")
        out, err = process.communicate()
    finally:
        held.close()
        _await_end(process)
        guard.remove(directory)
    try:
        found: dict[str, Any] = json.loads(out)
    except ValueError:
        last = err.decode("utf-8", "replace").strip().splitlines()[-1:] or [f"status {process.returncode}"]
        raise ServerError(f"the supervisor of a command ended early: {last[0]}", todo="run the audit again") from None
    return found


def _add_home(specification: dict[str, Any], directory: Path, account: Account) -> None:
    """A home and a temporary folder of its own in the directory, which is removed at the end."""
    home = data_of(directory)
    (home / "tmp").mkdir(mode=0o700)
    if not account.is_caller:
        os.chown(home / "tmp", account.uid, account.gid)
    own = {"HOME": str(home), "TMPDIR": str(home / "tmp")}
    specification |= {"environment": own | specification["environment"], "remove": str(directory)}


def _changed(source: CommandSource) -> str | None:
    """Which of its files are not what they were before the run, in words; None when all are."""
    try:
        now = source.look()
    except AuditError as error:
        return str(error.what)
    before, after = dict(source.files), dict(now)
    paths = sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
    return some_of(paths, most=3) or None


def _await_end(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(timeout=supervisor.KILL_LIMIT + 5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _judged(source: CommandSource, found: Mapping[str, Any], redaction: Redaction, account: Account) -> CommandRun:
    output = redaction.of_text(str(found.get("output", "")))
    if found.get("cut"):
        output = output[_CUT:]
    notes = []
    if left := found.get("left"):
        notes.append(f"{source.at} left processes running, which were stopped: {', '.join(sorted(set(left)))}")
    what = _what_failed(source, found, account)
    status = found.get("status") if found.get("ended") is None else None
    if what is None:
        return CommandRun(failure=None, output=output, notes=tuple(notes), status=status)
    lines = _last_lines(output)
    shown = "".join(f"\n    {line}" for line in lines)
    ending = f"; the end of its output:{shown}" if lines else "; it printed nothing"
    message = f"{what} (in {source.shown_directory}){ending if 'output' in found else ''}"
    failure = SqlFailure(at=source.at, statement=source.shown, message=message, sqlstate=None)
    return CommandRun(failure=failure, output=output, notes=tuple(notes), status=status)


def _last_lines(output: str) -> list[str]:
    """The last lines; in front of them those that name an error, which some programs follow by a page of other things."""
    lines = [line[:_LONGEST_LINE] for line in output.splitlines() if line.strip() and not line.startswith("npm notice")]
    before, last = lines[:-_SHOWN_LINES], lines[-_SHOWN_LINES:]
    errors = [line for line in before if _NAMES_ERROR.search(line)][-_SHOWN_ERRORS:]
    return [*errors, *(["…"] if before else []), *last]


def _what_failed(source: CommandSource, found: Mapping[str, Any], account: Account) -> str | None:
    """In one sentence, with what to do; None when all went well."""
    if changed := found["changed"]:
        return f"it changed files of the project, so it is unknown what was applied: {changed}"
    return _why_not_run(found, account) or _how_it_ended(source, found)


def _why_not_run(found: Mapping[str, Any], account: Account) -> str | None:
    user = "" if account.is_caller else f" by user {account.uid}"
    why = "" if account.is_caller else f" (the audit runs as root, and commands as user {account.uid})"
    if unreadable := found.get("unreadable"):
        return f"{some_of(unreadable, most=3)} cannot be read{user}: make it readable, or run the audit as its owner{why}"
    if "error" in found:
        path = f"{found['path']}: " if found.get("path") else ""
        return f"it cannot be run{user}: {path}{found['error']}{why}"
    return None


def _how_it_ended(source: CommandSource, found: Mapping[str, Any]) -> str | None:
    if escaped := found["escaped"]:
        return f"it left processes that cannot be stopped: {', '.join(map(str, escaped))}"
    status = int(found["status"])
    ends = {
        "timeout": f"it did not end within {source.timeout} s and was killed: raise `timeout`, or make it end by itself",
        "cancelled": "it was stopped because the audit was stopped",
    }
    if found["ended"] in ends:
        return ends[found["ended"]]
    if status < 0:
        return f"it was killed by signal {-status} ({_signal_name(-status)})"
    return f"it ended with exit code {status}" if status else None


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
