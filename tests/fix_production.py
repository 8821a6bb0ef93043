"""The demo's environments as production databases: audited by a plain role, and watched from the server's side."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest

from migration_audit.audit.audit import Audit
from migration_audit.audit.demo import demo_root
from migration_audit.audit.grants import Grant, grants_for
from migration_audit.model.finding import CheckResult, Outcome, Phase
from migration_audit.project import Project, load_project

_SAME = ("shared", "shared_results", "_boot", "_deployment")
DECIDED = {Outcome.PASSED, Outcome.FAILED}
ROLE = "auditor"


@dataclass(frozen=True)
class Production:
    """One environment of the demo, and the facts of the two sources, which every audit of it here shares."""

    project: Project
    name: str
    conninfo: str
    """The superuser's."""
    shared: Path
    same: dict[str, Any] = field(default_factory=dict)
    """What an audit knows before it connects, from the first audit on: no database has a part in it."""

    @property
    def variable(self) -> str:
        """The environment variable that leads to the database."""
        return self.project.environment(self.name).dsn_env or ""

    def as_role(self, role: str = ROLE) -> str:
        """The connection string of a role."""
        return f"{self.conninfo} user='{role}'"

    def results(self, conninfo: str) -> dict[str, CheckResult]:
        """Check id to result of an audit that connects so."""
        for kept in ("environment.json.gz", "live.json.gz"):
            (self.shared / kept).unlink(missing_ok=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(self.variable, conninfo)
            audit = Audit(
                self.project,
                environment=self.project.environment(self.name),
                phase=Phase.PREFLIGHT,
                folder=self.shared,
                progress=lambda _line: None,
            )
            vars(audit).update(self.same)
            found = {result.id: result for result in audit.results}
            self.same.update({name: vars(audit)[name] for name in _SAME if name in vars(audit)})
            return found

    def execute(self, *statements: str) -> None:
        """As the superuser, each statement in a transaction of its own."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @property
    def grants(self) -> list[Grant]:
        """The rights that the audit always needs beside CONNECT."""
        return [grant for grant in grants_for(self.project, role=ROLE) if grant.when is None][1:]


@contextmanager
def production(name: str, variables: dict[str, str], shared: Path, *, role: str = ROLE) -> Iterator[Production]:
    """An environment with a role that has exactly the rights that ``migration-audit grants`` prints, which goes again."""
    project = load_project(demo_root() / "audit.toml")
    made = Production(project, name, variables[project.environment(name).dsn_env or ""], shared)
    made.execute(
        f"create role {role} login",
        *(grant.sql for grant in grants_for(project, role=role) if not grant.when and "DBNAME" not in grant.sql),
    )
    try:
        yield made
    finally:
        made.execute(f"drop owned by {role}", f"drop role {role}")


@pytest.fixture(scope="session")
def demo_facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for the facts of the demo's two sources: whoever audits there first gathers them."""
    return tmp_path_factory.mktemp("facts")


def undecided(results: dict[str, CheckResult], whole: dict[str, CheckResult]) -> set[str]:
    """The checks that say something else than when nothing was in the way; fails where one of them passes.

    One that failed may fail with fewer findings only if it says what it could not look at.
    """
    changed = {check for check, result in results.items() if result != whole[check]}
    blind = {c: results[c] for c in changed if results[c].outcome in DECIDED and not results[c].unchecked}
    assert not blind, blind
    return changed


@dataclass
class Watch:
    """What a server saw of our connections while a test ran."""

    statements: list[str] = field(default_factory=list)
    """Every statement, in order."""
    locks: set[str] = field(default_factory=set)
    """The modes of the locks on relations that were seen."""
    most_locks: int = 0
    most_connections: int = 0

    @property
    def verbs(self) -> set[str]:
        """The first word of each statement."""
        return {
            re.sub(r"(--[^\n]*\n|/\*.*?\*/|\s)*", "", s, count=1).split(None, 1)[0].lower().rstrip(";")
            for s in self.statements
        }


_LOCKS = b"""
select a.pid, l.mode from pg_stat_activity a left join pg_locks l on l.pid = a.pid and l.locktype = 'relation'
 where a.application_name like 'migration-audit%%'
"""
_STATEMENT = re.compile(r"%%([^%]*)%% LOG:  (?:statement|execute [^:]*): (.*)", re.DOTALL)


@contextmanager
def watched(cluster: Any) -> Iterator[Watch]:
    """Every statement and, by samples, the locks of connections whose application is ours."""
    admin = cluster.conninfo("postgres")
    with psycopg.connect(admin, autocommit=True) as connection:
        for setting in ("log_statement = 'all'", "log_line_prefix = '%%%%%a%%%% '", "log_duration = off"):
            connection.execute(f"alter system set {setting}".encode())
        connection.execute(b"select pg_reload_conf()")
    log, watch, stop = cluster.directory / "log", Watch(), threading.Event()
    begun = log.stat().st_size

    def sample() -> None:
        with psycopg.connect(admin, autocommit=True) as connection:
            while not stop.is_set():
                rows = connection.execute(_LOCKS).fetchall()
                by_pid: dict[int, int] = {}
                for pid, mode in rows:
                    by_pid[pid] = by_pid.get(pid, 0) + (mode is not None)
                watch.locks |= {mode for _, mode in rows if mode}
                watch.most_locks = max([watch.most_locks, *by_pid.values()])
                watch.most_connections = max(watch.most_connections, len(by_pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    try:
        yield watch
    finally:
        stop.set()
        sampler.join()
        with psycopg.connect(admin, autocommit=True) as connection:
            for setting in ("log_statement", "log_line_prefix", "log_duration"):
                connection.execute(f"alter system reset {setting}".encode())
            connection.execute(b"select pg_reload_conf()")
        with log.open("rb") as file:
            file.seek(begun)
            text = file.read().decode("utf-8", "replace")
        for entry in re.split(r"(?m)^(?=%%)", text):
            found = _STATEMENT.match(entry)
            if found and found[1].startswith("migration-audit"):
                watch.statements.append(found[2].strip())


VERBS = {"begin", "select", "set", "savepoint", "release", "rollback", "commit", "with", "show"}
MOST_LOCKS = 300
"""Held at once by one connection; max_locks_per_transaction × max_connections is 6,400 by default."""


def only_reads(watch: Watch) -> None:
    """Fails where a statement is none that reads, or a lock is more than a reader's."""
    assert watch.statements, "nothing was logged: the test watches nothing"
    assert watch.verbs <= VERBS, [s for s in watch.statements if Watch([s]).verbs - VERBS]
    begun = [s.lower() for s in watch.statements if s.lower().startswith(("begin", "set transaction"))]
    assert begun
    assert all("read only" in statement for statement in begun), begun
    assert watch.locks <= {"AccessShareLock"}
    assert watch.most_locks < MOST_LOCKS
