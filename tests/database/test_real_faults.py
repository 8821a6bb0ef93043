"""Servers that really fail, on every path that runs SQL: it is never the SQL's fault, and never a verdict about it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from fix_clusters import started_here
from fix_demo import run_cli
from fix_outside import wait_until
from migration_audit.audit.audit import Audit
from migration_audit.model.command import CommandSource
from migration_audit.model.errors import ServerError
from migration_audit.model.finding import Outcome, Phase
from migration_audit.model.location import Location
from migration_audit.project import CommandSettings, Probe, load_project
from migration_audit.shadow import apply
from migration_audit.shadow.apply import apply_sources
from migration_audit.shadow.binaries import BinaryServer
from migration_audit.shadow.cluster import PrivateCluster
from migration_audit.shadow.probes import run_probes
from migration_audit.shadow.rundir import server_of
from migration_audit.shadow.url import UrlServer
from migration_audit.sources import load_command, load_source

pytestmark = [pytest.mark.server, pytest.mark.slow]
LOSES = """
create or replace function lose() returns boolean language sql security definer
as 'select pg_terminate_backend(pg_backend_pid())';
"""
LOST = "select lose()"


@pytest.fixture(scope="module")
def private(server: Any) -> BinaryServer:
    return started_here(server)


def backend_of(cluster: PrivateCluster, database: str) -> int:
    """The process here that serves the session in this database."""
    server = server_of(cluster.directory)
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == server and f" {database} ".encode() in (process / "cmdline").read_bytes():
                return int(process.name)
    raise AssertionError("no session")


def kill_backend(cluster: PrivateCluster) -> None:
    os.kill(backend_of(cluster, "faults"), signal.SIGKILL)


def kill_server(cluster: PrivateCluster) -> None:
    os.kill(server_of(cluster.directory), signal.SIGKILL)


def shut_down(cluster: PrivateCluster) -> None:
    os.kill(server_of(cluster.directory), signal.SIGINT)


class Doing:
    """Does something in front of the second statement."""

    def __init__(self, what: Callable[[], None]) -> None:
        self._what = what

    def begin(self, connection: Any) -> None: ...
    def after(self, connection: Any, statement: Any, rows: int) -> None: ...
    def end(self, connection: Any) -> None: ...
    def before(self, connection: Any, statement: Any) -> None:
        if "second" in statement.text:
            self._what()


BLOCKS = {
    "alone": "create table t (i int);\nselect 'second', pg_sleep(1);\n",
    "in a transaction": "begin;\nselect 'second', pg_sleep(1);\ncreate table t (i int);\ncommit;\n",
    "in a COPY": "create table t (second text);\ncopy t (second) from stdin;\n1\n2\n\\.\nselect pg_sleep(1);\n",
}


@pytest.mark.parametrize("fault", [kill_backend, kill_server, shut_down], ids=lambda each: each.__name__)
@pytest.mark.parametrize("block", BLOCKS)
def test_while_sql_is_applied(private: BinaryServer, tmp_path: Path, fault: Callable[[Any], None], block: str) -> None:
    (tmp_path / "a.sql").write_text(BLOCKS[block])
    source = load_source("owner", [tmp_path / "a.sql"], shown_from=tmp_path)
    with private.cluster() as cluster:
        conninfo = cluster.create_database("faults")
        with pytest.raises(ServerError, match=r"nothing is known about the SQL|cannot be reached"):
            apply_sources(conninfo, [source], watch=Doing(lambda: fault(cluster)))


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk with little room, which is full soon."""
    folder = Path(tempfile.mkdtemp(prefix="ma-", dir="/tmp"))
    folder.chmod(0o755)
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if done.returncode:
        folder.rmdir()
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
    folder.rmdir()


FULL = "create table filled as select repeat(md5(i::text), 100) as t from generate_series(1, 1000000) as i;"


def test_a_disk_that_is_full(
    private: BinaryServer, tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    (tmp_path / "a.sql").write_text(f"create table t ();\n{FULL}\n")
    source = load_source("owner", [tmp_path / "a.sql"], shown_from=tmp_path)
    with private.cluster() as cluster:
        assert cluster.directory.is_relative_to(small_disk)
        with pytest.raises(ServerError, match=r"a\.sql:2: the server failed .* nothing is known about the SQL"):
            apply_sources(cluster.create_database("faults"), [source])


def test_compare_on_a_disk_that_is_full(tmp_path: Path, small_disk: Path) -> None:
    (tmp_path / "a.sql").write_text("create table t ();\n")
    (tmp_path / "b.sql").write_text(f"create table t ();\n{FULL}\n")
    ran = run_cli("compare", "a.sql", "b.sql", cwd=tmp_path, TMPDIR=str(small_disk))
    assert ran.code == 3, ran.err
    assert "b.sql:2: the server failed" in ran.err
    assert "Traceback" not in ran.err
    wait_until(lambda: not list(small_disk.iterdir()))


def test_the_depth_of_a_recursion_is_the_sqls(database: str, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "create function f(i int) returns int language plpgsql as $$ begin return f(i + 1); end $$;\nselect f(1);\n"
    )
    failure = apply_sources(database, [load_source("o", [tmp_path / "a.sql"], shown_from=tmp_path)]).applied.failure
    assert failure is not None
    assert failure.sqlstate == "54001"


def test_a_probe_that_loses_its_connection_is_no_refused_probe(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(LOSES.encode())
    probe = Probe(name="losing", sql=LOST, at=Location("audit.toml", 7))
    with pytest.raises(ServerError, match=r"audit\.toml:7: .*nothing is known about the SQL"):
        run_probes(database, [probe], writer_role=None)


def test_in_an_audit_probe_and_rehearsal_are_errored(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(f"create table if not exists t (i int);\n{LOSES}")
    (tmp_path / "audit.toml").write_text(
        '[project]\nname = "x"\n[legacy]\nsql = ["a.sql"]\n[owner]\nsql = ["a.sql"]\n'
        f'[environments.dev]\ndsn_env = "NOT_SET"\n[[probe]]\nname = "losing"\nsql = "{LOST}"\n'
    )
    audit = Audit(load_project(tmp_path / "audit.toml"), environment=None, phase=Phase.PREFLIGHT, folder=None)
    results = {result.id: result for result in audit.shared_results}
    for name in ("COV012", "BOOT005"):
        assert results[name].outcome is Outcome.ERRORED, results[name]
        assert "nothing is known about the SQL" in str(results[name].reason)
    assert results["COV002"].outcome is Outcome.PASSED, "what was compared before stays compared"


KILLS = """
import os, pathlib, signal, sys


def child_of(parent):
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if int((process / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                return int(process.name)
        except OSError:
            pass


port = f"port={os.environ['PGPORT']}".encode()
for process in pathlib.Path("/proc").glob("[0-9]*"):
    try:
        if port in (process / "cmdline").read_bytes().split(b"\\0"):
            WHOM
    except OSError:
        pass
sys.exit(1)
"""
WHOM = {
    "the server": "os.kill(int(process.name), signal.SIGKILL)",
    "a process of it": "os.kill(child_of(int(process.name)), signal.SIGKILL)",
}


def command(folder: Path, *words: str, files: tuple[str, ...] = ()) -> CommandSource:
    given = CommandSettings(words=words, directory=folder, files=files, timeout=60, at=Location("audit.toml", 3))
    return load_command("owner", given, root=folder, shown_from=folder)


@pytest.mark.parametrize("name", WHOM)
def test_a_command_whose_server_fails(private: BinaryServer, tmp_path: Path, name: str) -> None:
    """It has the server's account, and so can kill it."""
    if os.geteuid() == 0:
        tmp_path.chmod(0o755)
    (tmp_path / "kills.py").write_text(KILLS.replace("WHOM", WHOM[name]))
    source = command(tmp_path, "/usr/bin/python3", "kills.py", files=("kills.py",))
    for parent in tmp_path.parents[:3]:
        if os.geteuid() == 0 and parent != Path("/tmp"):
            parent.chmod(0o755)
    with private.cluster(tcp=True) as cluster, pytest.raises(ServerError, match=r"server failed|cannot be reached"):
        apply_sources(cluster.create_database("faults"), [source])


def test_a_command_that_fails_by_itself_is_its_own_fault(private: BinaryServer, tmp_path: Path) -> None:
    for parent in (tmp_path, *tmp_path.parents[:3]):
        if os.geteuid() == 0 and parent != Path("/tmp"):
            parent.chmod(0o755)
    source = command(tmp_path, "/bin/sh", "-c", "exit 3")
    with private.cluster(tcp=True) as cluster:
        failure = apply_sources(cluster.create_database("faults"), [source]).applied.failure
    assert failure is not None
    assert "exit code 3" in failure.message


def test_a_query_of_our_own_that_fails_is_no_traceback(
    database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(apply, "_NEXT_XID", "select pg_terminate_backend(pg_backend_pid())::int")
    (tmp_path / "a.sql").write_text("select 1;\n")
    with pytest.raises(ServerError, match="a query of the audit itself"):
        apply_sources(database, [load_source("o", [tmp_path / "a.sql"], shown_from=tmp_path)])


HOLDER = """
import sys, time
from migration_audit.shadow.url import find_url
with find_url().cluster() as cluster:
    conninfo = cluster.create_database("left")
    import psycopg
    print(psycopg.conninfo.conninfo_to_dict(conninfo)["dbname"], flush=True)
    time.sleep(1000)
"""


def test_databases_of_a_killed_process_are_dropped_by_the_next_one(private: BinaryServer) -> None:
    with private.cluster(tcp=True) as cluster:
        given = conninfo_to_dict(cluster.conninfo())
        url = f"postgresql://{given['user']}:{given['password']}@{given['host']}:{given['port']}/postgres"
        holders = [_hold(url) for _ in range(2)]
        (killed, left), (alive, used) = holders
        killed.kill()
        killed.wait()
        wait_until(lambda: not _sessions(url, left))
        with UrlServer(url).cluster() as again:
            names = _databases(url)
            assert left not in names
            assert used in names, "somebody works with it"
            again.create_database("own")
        alive.terminate()
        alive.wait()
        with UrlServer(url).cluster():
            assert not [name for name in _databases(url) if name.startswith("migration_audit_")]


def _hold(url: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "MIGRATION_AUDIT_SERVER_URL": url},
    )
    assert process.stdout is not None
    name = process.stdout.readline().strip()
    process.stdout.close()
    assert name.startswith("migration_audit_")
    return process, name


def _databases(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        return {name for (name,) in connection.execute("select datname from pg_database").fetchall()}


def _sessions(url: str, database: str) -> list[Any]:
    mark = database.removeprefix("migration_audit_")[:8]
    query = "select pid from pg_stat_activity where application_name like %s or datname = %s"
    with psycopg.connect(url) as connection:
        return connection.execute(query, [f"%{mark}", database]).fetchall()
