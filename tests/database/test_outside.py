"""SQL that means harm: it runs no program, touches no file, reaches no host, reads no secret, and leaves nothing running."""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fix_clusters import run, started_here
from fix_demo import run_cli
from fix_outside import wait_until, write_notebook
from migration_audit.shadow import guard, sandbox
from migration_audit.shadow.apply import apply_sources
from migration_audit.shadow.binaries import BinaryServer
from migration_audit.shadow.cluster import PrivateCluster
from migration_audit.shadow.rundir import server_of
from migration_audit.sources import load_source

pytestmark = [pytest.mark.server, pytest.mark.slow]
SECRET = "s3cret-of-prod"
DSN = f"postgresql://prod:{SECRET}@prod.example/app"
HIDDEN = "do $$ begin execute replace('copy (select 1) to PRO' || 'GRAM %L', '%L', quote_literal({command!r})); end $$;"
"""A program that nobody can read in the text."""


@pytest.fixture(scope="module")
def private(server: Any) -> BinaryServer:
    return started_here(server)


@pytest.fixture(scope="module")
def isolated(private: BinaryServer) -> Iterator[PrivateCluster]:
    with private.cluster() as cluster:
        if why := cluster.not_isolated:
            assert "not permitted" in why or "Invalid argument" in why or "No space left" in why, why
            pytest.skip(f"this system does not let us isolate a server: {why}")
        yield cluster


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder in which every account may write."""
    folder = Path(tempfile.mkdtemp(prefix="ma-", dir="/tmp"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def refused(conninfo: str, statement: str) -> str:
    """What the server says to a superuser's statement."""
    with psycopg.connect(conninfo, autocommit=True) as connection, pytest.raises(psycopg.Error) as raised:
        connection.execute(statement.encode())
    return str(raised.value)


def programs(word: str) -> list[int]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if word.encode() in (process / "cmdline").read_bytes().split(b"\0"):
                found.append(int(process.name))
    return found


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("copy (select 1) to program 'touch {folder}/x';", "COPY … TO PROGRAM runs a program on the server"),
        ("copy (select 1) to '{folder}/x';", "COPY … TO a file writes a file of the server"),
        ("do $$ begin copy (select 1) to '{folder}/x'; end $$;", "COPY … TO a file writes a file of the server"),
        (
            "create extension dblink; select dblink_connect('host=127.0.0.1');",
            r"dblink_connect\(\) connects to another server",
        ),
    ],
)
def test_what_leaves_the_database_is_not_executed(database: str, open_folder: Path, text: str, reported: str) -> None:
    (open_folder / "a.sql").write_text(text.format(folder=open_folder) + "\n")
    failure = apply_sources(database, [load_source("o", [open_folder / "a.sql"], shown_from=open_folder)]).applied.failure
    assert failure is not None
    assert str(failure.at) == "a.sql:1"
    assert failure.message.startswith("the audit does not execute this: ")
    assert re.search(reported, failure.message)
    assert not (open_folder / "x").exists()


def test_it_is_a_finding_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("create table t ();\nalter system set work_mem = '1MB';\n")
    (tmp_path / "audit.toml").write_text(
        '[project]\nname = "x"\n[legacy]\nsql = ["a.sql"]\n[owner]\nsql = ["a.sql"]\n'
        '[environments.dev]\ndsn_env = "NOT_SET"\n'
    )
    ran = run_cli("run", "--config", str(tmp_path), "--out", str(tmp_path / "out"), "--env", "dev")
    (path,) = (tmp_path / "out/dev").glob("*/evidence.json")
    checks = {check["id"]: check for check in json.loads(path.read_text())["checks"]}
    assert [f["where"] for f in checks["SQL008"]["findings"]] == ["a.sql:2", "a.sql:2"], ran.err
    assert checks["SQL008"]["outcome"] == "failed"
    assert checks["SQL002"]["outcome"] == "passed", "a setting of a private server harms nobody"


def test_compare_tells_it_too(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("create table t ();\nalter system set work_mem = '1MB';\n")
    ran = run_cli("compare", "a.sql", "a.sql", cwd=tmp_path)
    assert ran.code == 0, ran.err
    reported = "  outside of its database: a.sql:2: ALTER SYSTEM changes a server-wide setting, which is not compared\n"
    assert ran.out.count(reported) == 2


def test_a_program_that_no_one_can_read_does_not_run(isolated: PrivateCluster, open_folder: Path) -> None:
    said = refused(isolated.conninfo(), HIDDEN.format(command=f"touch {open_folder}/x"))
    assert "could not execute command" in said
    assert not (open_folder / "x").exists()


def test_no_file_of_this_machine_is_there(isolated: PrivateCluster, open_folder: Path) -> None:
    (open_folder / "there").write_text(SECRET)
    assert "No such file" in refused(isolated.conninfo(), f"copy (select 1) to '{open_folder}/x'")
    assert "No such file" in refused(isolated.conninfo(), f"select pg_read_file('{open_folder}/there')")
    with psycopg.connect(isolated.conninfo()) as connection:
        there = {name for (name,) in connection.execute("select pg_ls_dir('/')").fetchall()}
        processes = connection.execute("select pg_ls_dir('/proc')").fetchall()
    assert processes == []
    assert not there & {"home", "root", "bin", "sbin", "work", "run", "srv", "mnt"} - {"home"}
    assert not (open_folder / "x").exists()


def test_its_own_programs_cannot_be_changed(isolated: PrivateCluster) -> None:
    with psycopg.connect(isolated.conninfo()) as connection:
        row = connection.execute("select setting from pg_config where name = 'PKGLIBDIR'").fetchone()
    folder = row[0] if row else ""
    said = refused(isolated.conninfo(), f"copy (select 1) to '{folder}/x.so'")
    assert "Read-only file system" in said or "Permission denied" in said


def test_code_that_sql_has_written_is_not_loaded(isolated: PrivateCluster, private: BinaryServer) -> None:
    """A library can be written into the data directory, as a large object, and not be executed from there."""
    library = next(private.installation.lib.glob("plpgsql.so")).read_bytes()
    with psycopg.connect(isolated.conninfo(), autocommit=True) as connection:
        connection.execute("select lo_from_bytea(4711, %s)", [library])
        row = connection.execute("show data_directory").fetchone()
        path = f"{row[0] if row else ''}/evil.so"
        connection.execute(f"select lo_export(4711, '{path}')".encode())
    assert "failed to map segment" in refused(isolated.conninfo(), f"load '{path}'")


def test_no_host_is_reached(isolated: PrivateCluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.2)
        port = listening.getsockname()[1]
        with psycopg.connect(isolated.create_database("linking"), autocommit=True) as connection:
            connection.execute("create extension dblink")
        said = refused(
            isolated.conninfo("linking"), f"select dblink_connect('host=127.0.0.1 port={port} connect_timeout=2')"
        )
        with pytest.raises(TimeoutError):
            listening.accept()
    isolated.drop_database("linking")
    assert "unreachable" in said


ROOT_OR_USER = ["as we are", *(["as nobody", "without the capability"] if os.geteuid() == 0 else [])]


@pytest.mark.parametrize("who", ROOT_OR_USER)
def test_isolation_is_had_or_its_absence_named(private: BinaryServer, who: str) -> None:
    """As root it is made directly, as anybody else in a user namespace; without the right to either, the reason is given."""
    command = [sys.executable, "-I", "-S", sandbox.__file__, "null" if os.geteuid() else "[65534, 65534]"]
    if who == "without the capability":
        command = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin", *command]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert "unshare: Operation not permitted" in done.stdout
        return
    unshare = ["unshare", "--user", "--pid", "--mount", "--net", "--fork", "true"]
    if who == "as we are":
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        unshare = unshare if os.geteuid() else [part for part in unshare if part != "--user"]
        possible = subprocess.run(unshare, check=False, capture_output=True).returncode == 0
    else:
        said = _as_nobody()
        lower = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        possible = subprocess.run([*lower, *unshare], check=False, capture_output=True, cwd="/").returncode == 0
    assert (said == "") is possible, said


def _as_nobody() -> str:
    """What the sandbox says to a process of an ordinary user, which may not be able to read this Python's files."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # its own /proc is its own, as after an exec
        box = {"root": "/tmp", "readable": [], "writable": [], "network": False}
        spec = {"account": None, "data": "/", "sandbox": box, "server": None, "environment": {}}
        os.write(writer, (sandbox.sandbox_unusable(spec) or "").encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


def test_without_isolation_the_server_runs_and_says_so(
    private: BinaryServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("MIGRATION_AUDIT_ISOLATION", "off")
    with private.cluster() as cluster:
        assert cluster.not_isolated == "it was not requested"
    (tmp_path / "a.sql").write_text("create table t ();\n")
    ran = run_cli("compare", "a.sql", "a.sql", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert "without isolation from this machine (MIGRATION_AUDIT_ISOLATION=off)" in ran.err


def test_what_a_program_has_started_ends_with_the_server(private: BinaryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATION_AUDIT_ISOLATION", "off")
    number = str(100_000 + os.getpid())
    with private.cluster() as cluster:
        run(cluster.conninfo(), f"copy (select 1) to program 'cat >/dev/null; setsid sleep {number} >/dev/null 2>&1 &'")
        wait_until(lambda: programs(number))
    assert not programs(number)


def test_it_ends_too_when_caller_and_guard_are_killed(private: BinaryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the next run: it works where the server did."""
    monkeypatch.setenv("MIGRATION_AUDIT_ISOLATION", "off")
    number = str(200_000 + os.getpid())
    with private.cluster() as cluster:
        run(cluster.conninfo(), f"copy (select 1) to program 'cat >/dev/null; setsid sleep {number} >/dev/null 2>&1 &'")
        wait_until(lambda: programs(number))
        cluster.process.kill()
        cluster.process.wait()
    assert not programs(number)
    assert not cluster.directory.exists()


def test_the_whole_server_ends_with_its_postmaster(isolated: PrivateCluster, private: BinaryServer) -> None:
    """The kernel kills what is in its process namespace: a backend that stands still as well."""
    with private.cluster() as cluster, closing(psycopg.connect(cluster.conninfo())) as connection:
        server = server_of(cluster.directory)
        backends = [int(p.name) for p in Path("/proc").glob("[0-9]*") if f") S {server} " in _text(p / "stat")]
        assert connection.execute("select 1").fetchone() == (1,)
        assert len(backends) > 2
        for pid in backends:
            os.kill(pid, signal.SIGSTOP)
        os.kill(server, signal.SIGKILL)
        wait_until(lambda: not any(guard.is_alive(pid) for pid in backends))


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="this system does not tell the environment of a process")
def test_no_process_around_a_server_has_the_connection_in_its_environment(start: Any, tmp_path: Path, trm: Path) -> None:
    """Server, guard, git and kernels: what SQL could read where nothing can be isolated."""
    folder = tmp_path / "bin"
    folder.mkdir()
    git = folder / "git"
    git.write_text(f'#!/bin/sh\nenv > {tmp_path}/git.$$\nexec {shutil.which("git")} "$@"\n')
    git.chmod(git.stat().st_mode | stat.S_IXUSR)
    write_notebook(
        trm / "notebooks/20_live_catalog.ipynb",
        "import os",
        "open(run_folder + '.dsn', 'w').write(os.environ['TRM_PROD_DSN'])",
        "import time; time.sleep(300)",
    )
    out = tmp_path / "out"
    started = start(
        "run", "--config", str(trm), "--out", str(out), "--env", "prod",
        TRM_PROD_DSN=DSN, PATH=f"{folder}:{os.environ['PATH']}", MIGRATION_AUDIT_ISOLATION="off", PGPASSWORD=SECRET,
    )  # fmt: skip
    wait_until(started.servers)
    seen = _environments_below(started.process.pid)
    assert len(seen) > 5, "guards, servers and a kernel"
    wait_until(lambda: list(out.glob("prod/*/facts.dsn")), limit=120)
    seen |= _environments_below(started.process.pid)
    assert DSN in next(out.glob("prod/*/facts.dsn")).read_text(), "the kernel itself has it"
    assert any("ipykernel" in name or "kernelapp" in name for name in seen), list(seen)
    assert not [name for name, environment in seen.items() if SECRET.encode() in environment]
    asked = list(tmp_path.glob("git.*"))
    assert asked
    assert not [path for path in asked if SECRET in path.read_text()]
    started.stop(signal.SIGTERM)


def _environments_below(pid: int) -> dict[str, bytes]:
    parents = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            parents[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
    below, found = {pid}, {}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    for each in below - {pid}:
        with suppress(OSError):
            name = Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            found[f"{each} {name}"] = Path(f"/proc/{each}/environ").read_bytes()
    return found


def test_a_server_that_others_use_gets_no_setting(guarded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ALTER SYSTEM, on a server that is not the audit's."""
    from migration_audit.shadow import apply

    monkeypatch.setattr(apply, "_IS_PRIVATE", "select 0")  # as current_setting('cluster_name') says elsewhere
    (tmp_path / "a.sql").write_text("alter system set work_mem = '1MB';\n")
    source = load_source("o", [tmp_path / "a.sql"], shown_from=tmp_path)
    failure = apply_sources(guarded.conninfo("plain"), [source]).applied.failure
    assert failure is not None
    assert "ALTER SYSTEM changes a server-wide setting" in failure.message
