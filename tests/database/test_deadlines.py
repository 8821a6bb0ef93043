"""Nothing waits forever: a stopped server, a proxy that stops forwarding, SQL without an end, a cell without an end."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from fix_demo import run_cli
from fix_outside import write_notebook
from migration_audit import catalog, driver
from migration_audit.audit.audit import Audit
from migration_audit.catalog import connection as reading
from migration_audit.model.errors import DatabaseError, NotebookError, ServerError
from migration_audit.model.finding import Outcome, Phase
from migration_audit.project import load_project
from migration_audit.runner import open_kernels
from migration_audit.runner.notebooks import execute
from migration_audit.shadow import pg_dump
from migration_audit.shadow.apply import apply_sources
from migration_audit.shadow.binaries import BinaryServer
from migration_audit.sources import load_source

pytestmark = [pytest.mark.server, pytest.mark.slow]

LIB = Path(driver.__file__).parent
FOREVER = "select pg_sleep(100000);"
TALKING = "do $$ begin loop raise warning 'still here'; perform pg_sleep(0.05); end loop; end $$;"
"""Never silent, and never at an end."""


class Proxy:
    """Forwards to a server, and stops after so many bytes of its answers; the connection stays open."""

    def __init__(self, host: str, port: int, limit: int) -> None:
        self._target, self._limit = (host, port), limit
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._open: list[socket.socket] = [self._listening]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(self._target)
                self._open += [client, server]
                threading.Thread(target=self._forward, args=(client, server, 10**9), daemon=True).start()
                threading.Thread(target=self._forward, args=(server, client, self._limit), daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket, limit: int) -> None:
        with suppress(OSError):
            while (part := source.recv(1024)) and limit > 0:
                target.sendall(part[:limit])
                limit -= len(part)

    def close(self) -> None:
        for each in self._open:
            each.close()


@pytest.fixture(scope="module")
def by_tcp(server: Any) -> Iterator[Any]:
    if not isinstance(server, BinaryServer):
        pytest.skip("needs a server of our own")
    with server.cluster(tcp=True) as cluster:
        yield cluster


@pytest.fixture
def behind_a_proxy(by_tcp: Any) -> Iterator[str]:
    """A database that is reached through a proxy that stops after 5,000 bytes."""
    conninfo = by_tcp.create_database("behind")
    given = conninfo_to_dict(conninfo)
    proxy = Proxy(str(given["host"]), int(str(given["port"])), 5_000)
    yield make_conninfo(conninfo, port=proxy.port)
    proxy.close()
    by_tcp.drop_database("behind")


@contextmanager
def stopped(conninfo: str) -> Iterator[None]:
    """Every process of the server of this connection string stands still."""
    with psycopg.connect(conninfo) as connection:
        row = connection.execute("show data_directory").fetchone()
    data = Path(row[0] if row else "")
    pids = [pid for pid in _processes() if _works_in(pid, data)]
    assert len(pids) > 3
    for pid in pids:
        with suppress(ProcessLookupError):  # one for parallel work, or for maintenance, which has ended meanwhile
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _works_in(pid: int, data: Path) -> bool:
    with suppress(OSError):
        return data.samefile(f"/proc/{pid}/cwd")
    return False


def source(folder: Path, text: str, **limits: int) -> Any:
    (folder / "a.sql").write_text(f"create table t ();\n{text}\n")
    from dataclasses import replace

    return replace(load_source("owner", [folder / "a.sql"], shown_from=folder), **limits)


def test_a_proxy_that_stops_forwarding(behind_a_proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_GRACE_S", 0.5)
    with pytest.raises(DatabaseError, match=r"no answer within 1 s|did not end within 1 s") as raised:
        catalog.with_connection(behind_a_proxy, catalog.read_snapshot, statement_timeout_ms=500)
    assert raised.value.where == "database behind on 127.0.0.1"
    assert raised.value.todo


def test_a_server_that_is_stopped_while_it_is_read(by_tcp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_GRACE_S", 0.5)
    monkeypatch.setattr(driver, "_CANCEL_LIMIT", 1.0)
    conninfo = by_tcp.conninfo()
    with closing(catalog.open_connection(conninfo, statement_timeout_ms=500)) as connection, stopped(conninfo):
        with pytest.raises(DatabaseError, match="no answer within 1 s: the connection stalled") as raised:
            catalog.read_snapshot(connection)
        assert raised.value.where == "database postgres on 127.0.0.1"


def test_a_server_that_is_stopped_takes_no_connection(by_tcp: Any) -> None:
    conninfo = make_conninfo(by_tcp.conninfo(), connect_timeout=2)
    with stopped(conninfo), pytest.raises(DatabaseError, match="connection timeout expired"):
        catalog.read_snapshot(conninfo)


def test_a_server_that_is_stopped_while_sql_is_applied(by_tcp: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "_CANCEL_LIMIT", 1.0)
    conninfo = by_tcp.create_database("stopping")
    given = source(tmp_path, FOREVER, statement_timeout=1)

    class Stopping:
        """Stops the server in front of the second statement."""

        def begin(self, connection: Any) -> None: ...
        def after(self, connection: Any, statement: Any, rows: int) -> None: ...
        def end(self, connection: Any) -> None: ...
        def before(self, connection: Any, statement: Any) -> None:
            if statement.text in FOREVER:
                standing.__enter__()

    standing = stopped(conninfo)
    try:
        with pytest.raises(
            ServerError, match=r"a\.sql:2: this statement: no answer within 1 s.*nothing is known about the SQL"
        ):
            apply_sources(conninfo, [given], watch=Stopping())
    finally:
        standing.__exit__(None, None, None)
    by_tcp.drop_database("stopping")


ENDLESS = {"silent": FOREVER, "talking": TALKING, "a copy": "copy (select pg_sleep(100000)) to stdout;"}


@pytest.mark.parametrize("name", ENDLESS)
def test_a_statement_without_an_end(database: str, tmp_path: Path, name: str) -> None:
    given = source(tmp_path, ENDLESS[name], statement_timeout=1)
    with pytest.raises(
        ServerError, match=r"a\.sql:2: this statement: it did not end within 1 s: it was cancelled"
    ) as raised:
        apply_sources(database, [given])
    assert "statement_timeout" in str(raised.value.todo)
    with psycopg.connect(database) as connection:
        others = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            " and query like '%pg_sleep%' and state = 'active' and query_start < now() - interval '30 s'"
        ).fetchone()
    assert others == (0,), "nothing of it runs on"


def test_a_file_has_a_limit_next_to_that_of_its_statements(database: str, tmp_path: Path) -> None:
    given = source(tmp_path, "select pg_sleep(0.2);\n" * 100, statement_timeout=100, file_timeout=1)
    with pytest.raises(ServerError, match=r"a\.sql:\d+: this statement: it did not end within 1 s"):
        apply_sources(database, [given])


def test_compare_ends_and_names_the_line(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("create table t ();\n")
    (tmp_path / "b.sql").write_text(f"create table t ();\n\n{FOREVER}\n")
    ran = run_cli("compare", "a.sql", "b.sql", "--statement-timeout", "2", cwd=tmp_path)
    assert ran.code == 3, ran.err
    assert "migration-audit: b.sql:3: this statement: it did not end within 2 s" in ran.err
    assert ran.out == ""


def test_in_an_audit_the_checks_are_errored(tmp_path: Path) -> None:
    (tmp_path / "legacy.sql").write_text("create table if not exists t (i int);\n")
    (tmp_path / "owner.sql").write_text(f"create table if not exists t (i int);\n{FOREVER}\n")
    (tmp_path / "audit.toml").write_text(
        '[project]\nname = "x"\n[legacy]\nsql = ["legacy.sql"]\n[owner]\nsql = ["owner.sql"]\nstatement_timeout = 1\n'
        '[environments.dev]\ndsn_env = "NOT_SET"\n'
    )
    audit = Audit(load_project(tmp_path / "audit.toml"), environment=None, phase=Phase.PREFLIGHT, folder=None)
    results = {result.id: result for result in audit.shared_results}
    for name in ("SQL002", "SQL003", "COV001", "COV002"):
        assert results[name].outcome is Outcome.ERRORED, results[name]
        assert "owner.sql:2" in str(results[name].reason)
        assert "did not end within 1 s" in str(results[name].reason)


def test_a_dump_that_does_not_end(by_tcp: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pg_dump, "LIMIT", 1.0)
    monkeypatch.setattr(pg_dump, "_chunks", lambda _: [])
    conninfo = by_tcp.conninfo()
    programs = pg_dump.find_pg_dump(_Described(by_tcp))
    with stopped(conninfo), pytest.raises(ServerError, match=r"pg_dump: did not end within 1 s, and was killed"):
        pg_dump.dump_schema(programs, conninfo)


class _Described:
    """As much of a server as finding its pg_dump takes."""

    programs = None

    def __init__(self, cluster: Any) -> None:
        with psycopg.connect(cluster.conninfo()) as connection:
            self.description = f"PostgreSQL {connection.info.parameter_status('server_version')}"
            row = connection.execute("select setting from pg_config where name = 'BINDIR'").fetchone()
        folder = Path(row[0] if row else "")
        self.programs = folder if (folder / "pg_dump").exists() else None


def test_a_cell_without_an_end_is_reported_in_our_words(tmp_path: Path) -> None:
    source = tmp_path / "notebooks/10_preflight_diff.ipynb"
    write_notebook(source, "import time\ntime.sleep(100000)")
    given = {"config": "x", "phase": "preflight", "run_folder": str(tmp_path)}
    words = "the cell `import time` did not end within 1 s, and its kernel was killed"
    with open_kernels() as kernels, pytest.raises(NotebookError, match=words) as raised:
        execute(source, tmp_path / "out.ipynb", given, kernels=kernels, timeout=1)
    assert "--" not in raised.value.what
    assert "out.ipynb" in str(raised.value.todo)


def test_every_connection_has_the_limits() -> None:
    """There is one place that connects; whoever goes around it waits forever."""
    around = re.compile(r"psycopg\.connect\(|psycopg\.Connection\.connect|import connect\b|create_engine\(")
    found = [str(path.relative_to(LIB)) for path in LIB.rglob("*.py") if around.search(path.read_text("utf-8"))]
    assert found == ["workbook/explore.py"], "its engine is made of open_connection"
    assert "creator" in (LIB / "workbook/explore.py").read_text("utf-8")


def test_every_child_process_has_a_limit() -> None:
    calls = re.compile(r"subprocess\.run\((?:[^()]|\([^()]*\))*\)", re.DOTALL)
    without = [
        (str(path.relative_to(LIB)), call)
        for path in LIB.rglob("*.py")
        for call in calls.findall(path.read_text("utf-8"))
        if "timeout" not in call and path.name != "processes.py"
    ]
    assert not without
