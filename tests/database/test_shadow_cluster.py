"""Private clusters on a real server: what they are like, and that they are gone afterwards, whatever happens."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from fix_clusters import ask, run, started_here
from fix_outside import wait_until
from fix_signals import default_signals
from migration_audit import driver
from migration_audit.model.errors import ServerError
from migration_audit.shadow import guard
from migration_audit.shadow.binaries import BinaryServer
from migration_audit.shadow.cluster import PrivateCluster, open_cluster
from migration_audit.shadow.rundir import data_of, is_in_use, remove_stale, server_of

LIMIT = 30.0
HOLDER = """
import os, sys, time
from migration_audit.shadow import find_server
with find_server(sys.argv[1], extensions=["timescaledb"], progress=lambda line: None).cluster() as cluster:
    {then}
    print(cluster.directory, flush=True)
    time.sleep(1000)
"""


@pytest.fixture(scope="module")
def private(server: object) -> BinaryServer:
    return started_here(server)


@pytest.fixture(scope="module")
def opened(private: BinaryServer) -> Iterator[PrivateCluster]:
    """One running cluster for the tests that only look."""
    with private.cluster() as cluster:
        yield cluster


def postmaster(directory: Path) -> int:
    return server_of(directory)


def test_a_cluster_is_there_in_the_block_and_gone_after_it(private: BinaryServer) -> None:
    with private.cluster() as cluster:
        pid, directory = postmaster(cluster.directory), cluster.directory
        assert ask(cluster.conninfo(), "select current_user") == cluster.superuser
        assert is_in_use(directory)
    assert not guard.is_alive(pid)
    assert not directory.exists()


@pytest.mark.parametrize("error", [RuntimeError("x"), KeyboardInterrupt(), SystemExit(1)], ids=["error", "Ctrl-C", "exit"])
def test_a_cluster_is_gone_after_an_exception(private: BinaryServer, error: BaseException) -> None:
    with pytest.raises(type(error)), private.cluster() as cluster:
        pid, directory = postmaster(cluster.directory), cluster.directory
        raise error
    assert not guard.is_alive(pid)
    assert not directory.exists()


@pytest.mark.parametrize(
    "number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda each: each.name
)
def test_a_cluster_is_gone_when_its_caller_is_killed(private: BinaryServer, number: signal.Signals) -> None:
    holder, directory = _hold(private)
    pid = postmaster(directory)
    holder.send_signal(number)
    holder.wait(LIMIT)
    wait_until(lambda: not guard.is_alive(pid) and not directory.exists())


def test_a_child_of_the_caller_does_not_keep_a_cluster_alive(private: BinaryServer) -> None:
    """A program that the caller started, and a child that it forked, outlive it."""
    then = 'import subprocess; subprocess.Popen(["sleep", "60"]); time.sleep(1000 * (os.fork() == 0))'
    holder, directory = _hold(private, then=then)
    pid = postmaster(directory)
    holder.kill()
    holder.wait(LIMIT)
    wait_until(lambda: not guard.is_alive(pid) and not directory.exists())
    os.killpg(holder.pid, signal.SIGKILL)


def _hold(server: BinaryServer, then: str = "pass") -> tuple[subprocess.Popen[str], Path]:
    with default_signals():
        holder = subprocess.Popen(
            [sys.executable, "-c", HOLDER.format(then=then), server.provider],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
    assert holder.stdout is not None
    directory = Path(holder.stdout.readline().strip())
    holder.stdout.close()
    assert directory.is_dir(), "the holder did not get its cluster"
    return holder, directory


def test_when_caller_and_guard_are_killed_the_next_run_cleans_up(private: BinaryServer) -> None:
    holder, directory = _hold(private)
    pid = postmaster(directory)
    os.kill(_parent(pid), signal.SIGKILL)
    assert is_in_use(directory), "the caller still works with it"
    assert directory not in remove_stale(directory.parent)
    holder.kill()
    holder.wait(LIMIT)
    wait_until(lambda: not is_in_use(directory))
    assert guard.is_alive(pid), "nobody is left to stop it"
    with private.cluster():
        assert not guard.is_alive(pid)
        assert not directory.exists()


def _parent(pid: int) -> int:
    return int(subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], check=True, capture_output=True, text=True).stdout)


def test_when_only_the_guard_is_killed_the_caller_cleans_up(private: BinaryServer) -> None:
    with private.cluster() as cluster:
        pid, directory = postmaster(cluster.directory), cluster.directory
        cluster.process.kill()
        cluster.process.wait(LIMIT)
        assert ask(cluster.conninfo(), "select 1") == "1"
    assert not guard.is_alive(pid)
    assert not directory.exists()


def test_a_forked_child_that_leaves_the_block_does_not_take_the_cluster_with_it(private: BinaryServer) -> None:
    manager = private.cluster()
    cluster = manager.__enter__()
    child = os.fork()
    if child == 0:
        manager.__exit__(None, None, None)
        os._exit(0)
    os.waitpid(child, 0)
    assert ask(cluster.conninfo(), "select 1") == "1"
    manager.__exit__(None, None, None)
    assert not cluster.directory.exists()


def test_clusters_are_used_from_forked_workers(private: BinaryServer) -> None:
    with private.cluster() as cluster, multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.starmap(ask, [(cluster.conninfo(), "select 1")] * 3) == ["1"] * 3


def test_two_clusters_at_once_know_nothing_of_each_other(private: BinaryServer) -> None:
    seen: dict[int, str] = {}
    both = threading.Barrier(2, timeout=LIMIT)

    def side(number: int) -> None:
        with private.cluster() as cluster:
            both.wait()
            run(cluster.conninfo(), f"create role only_{number}")
            both.wait()
            seen[number] = ask(cluster.conninfo(), "select string_agg(rolname, ',') from pg_roles where rolname ~ '^only_'")

    threads = [threading.Thread(target=side, args=(number,)) for number in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert seen == {1: "only_1", 2: "only_2"}


def test_a_server_that_was_cut_off_from_the_machine_needs_no_trial_again(private: BinaryServer) -> None:
    for _ in range(2):
        with private.cluster() as cluster:
            sandbox = json.loads((cluster.directory / "spec.json").read_text())["sandbox"]
            why_not = cluster.not_isolated
    assert sandbox["proven"] is (why_not is None)


def test_without_tar_the_data_directory_is_copied(private: BinaryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert private.recipe().copy[0][1] == "-xmf"
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with private.cluster() as cluster:
        assert ask(cluster.conninfo(), "select current_user") == cluster.superuser


def test_only_a_fresh_cluster_has_a_system_identifier_of_its_own(private: BinaryServer) -> None:
    found = []
    for fresh in (False, False, True):
        with private.cluster(fresh=fresh) as cluster:
            found.append(ask(cluster.conninfo(), "select system_identifier from pg_control_system()"))
            assert ask(cluster.conninfo(), "show fsync") == "off"
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("fresh", [False, True], ids=["copied", "fresh"])
def test_a_cluster_is_the_same_on_every_machine(private: BinaryServer, fresh: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LC_ALL": "de_DE.UTF-8", "TZ": "Asia/Tokyo", "PGTZ": "Asia/Tokyo", "PGDATESTYLE": "German"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PGOPTIONS", "-c search_path=elsewhere")
    with private.cluster(fresh=fresh) as cluster:
        conninfo = cluster.create_database("same")
        shown = {
            name: ask(conninfo, f"show {name}") for name in ("server_encoding", "lc_messages", "search_path", "log_timezone")
        }
        assert shown == {
            "server_encoding": "UTF8",
            "lc_messages": "C",
            "search_path": '"$user", public',
            "log_timezone": "UTC",
        }
        assert ask(conninfo, "select datcollate from pg_database where datname = 'same'") == "C.UTF-8"
        assert ask(
            conninfo, "select upper('ä') || (timestamptz '2026-01-01 00:00Z' at time zone 'Europe/Berlin')"
        ).startswith("Ä")
        assert ask(conninfo, "select reset_val from pg_settings where name = 'TimeZone'") in {"UTC", "Asia/Tokyo"}


@pytest.mark.parametrize("way", ["PGHOSTADDR", "PGSERVICE"])
def test_no_variable_leads_to_another_server(
    way: str, private: BinaryServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "services").write_text("[elsewhere]\nhostaddr=192.0.2.1\nport=1\n", "utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    monkeypatch.setenv("PGCONNECT_TIMEOUT", "2")
    with private.cluster() as cluster:
        monkeypatch.setenv(way, {"PGHOSTADDR": "192.0.2.1", "PGSERVICE": "elsewhere"}[way])
        conninfo = cluster.create_database("same")
        with psycopg.connect(conninfo) as connection:
            assert connection.info.dbname == "same"
        address = "host='" + str(psycopg.conninfo.conninfo_to_dict(conninfo)["host"]) + "' dbname=same"
        with driver.connect(
            address, user="postgres", port=psycopg.conninfo.conninfo_to_dict(conninfo)["port"]
        ) as connection:
            assert connection.info.dbname == "same"


def test_no_variable_changes_what_a_session_understands(private: BinaryServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGTZ": "Asia/Tokyo", "PGDATESTYLE": "German", "PGGEQO": "off"}.items():
        monkeypatch.setenv(name, value)
    with private.cluster() as cluster, driver.connect(cluster.conninfo()) as connection:
        shown = [connection.execute(f"show {name}".encode()).fetchone() for name in ("timezone", "datestyle", "geqo")]
    assert shown == [("UTC",), ("ISO, MDY",), ("on",)]


def test_what_the_caller_keeps_in_its_environment_is_not_the_servers(
    private: BinaryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROD_DATABASE_URL", "postgresql://user:s3cret@prod.example/x")
    with private.cluster() as cluster:
        for pid in (server_of(cluster.directory), cluster.process.pid):
            environment = Path(f"/proc/{pid}/environ").read_bytes()
            assert b"HOME=/\0" in environment
            assert b"s3cret" not in environment


def test_no_job_of_timescaledb_runs(opened: PrivateCluster) -> None:
    conninfo = opened.create_database("jobs")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create extension timescaledb")
        connection.execute("create table t (at timestamptz not null); select create_hypertable('t', 'at')")
        kinds = "select backend_type from pg_stat_activity where backend_type ~ 'TimescaleDB|launcher'"
        assert connection.execute(kinds).fetchall() == []
    assert "launcher shutting down" in (opened.directory / "log").read_text(encoding="utf-8")


def test_nobody_else_connects(opened: PrivateCluster) -> None:
    """The server lets every user of its socket in, so the folder of the socket lets nobody in."""
    sockets = opened.directory / "s"
    assert opened.directory.stat().st_mode & 0o007 == 0
    assert sockets.stat().st_mode & 0o077 == 0
    assert (sockets / ".s.PGSQL.5432").stat().st_mode & 0o077 == 0
    assert ask(opened.conninfo(), "show listen_addresses") == ""
    assert data_of(opened.directory).stat().st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
def test_another_user_is_refused_by_the_system(opened: PrivateCluster) -> None:
    code = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    path = str(opened.directory / "s" / ".s.PGSQL.5432")
    done = subprocess.run(
        ["/usr/bin/env", "python3", "-c", code, path], user=54321, group=54321, extra_groups=[], cwd="/",
        env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "PermissionError" in done.stderr


@pytest.mark.parametrize("name", ["plain", "with space", 'quo"te', "it's", "back\\slash", "ünï", "select", "a" * 63])
def test_databases_of_any_name(opened: PrivateCluster, name: str) -> None:
    conninfo = opened.create_database(name)
    assert ask(conninfo, "select current_database()") == name
    with psycopg.connect(conninfo):
        opened.drop_database(name)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        ask(conninfo, "select 1")
    opened.drop_database(name)


def test_a_database_that_is_there_is_an_error_that_names_it(opened: PrivateCluster) -> None:
    with pytest.raises(ServerError, match="already exists") as raised:
        opened.create_database("postgres")
    assert raised.value.where == "database postgres"


def test_databases_are_made_at_the_same_time(opened: PrivateCluster) -> None:
    made: list[str] = []
    threads = [threading.Thread(target=lambda n=n: made.append(opened.create_database(f"p{n}"))) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert {ask(conninfo, "select current_database()") for conninfo in made} == {"p0", "p1", "p2", "p3"}


@pytest.mark.parametrize("role", ["writer", "with space", 'quo"te', "back\\slash"])
def test_any_role_can_be_acted_as(opened: PrivateCluster, role: str) -> None:
    with psycopg.connect(opened.conninfo(), autocommit=True) as connection:
        connection.execute(psycopg.sql.SQL("create role {} login").format(psycopg.sql.Identifier(role)))
    assert ask(opened.conninfo(user=role), "select current_user") == role


def test_where_sockets_do_not_work_loopback_needs_the_password(private: BinaryServer) -> None:
    with open_cluster(private.recipe(), tcp=True) as cluster:
        conninfo = cluster.create_database("x")
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute('create role "some role"')
        assert ask(cluster.conninfo("x", "some role"), "select current_user") == "some role"
        assert ask(conninfo, "show unix_socket_directories") == ""
        parts = psycopg.conninfo.conninfo_to_dict(conninfo)
        for password in ("", "wrong"):
            with pytest.raises(psycopg.OperationalError):
                ask(psycopg.conninfo.make_conninfo(conninfo, password=password, passfile="/dev/null"), "select 1")
        commands = subprocess.run(["ps", "-eo", "args"], check=True, capture_output=True, text=True).stdout
        assert str(parts["password"]) not in commands


def test_a_server_that_does_not_start_shows_the_end_of_its_log(
    private: BinaryServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = private.recipe()
    wrong = [*recipe.copy, ["sh", "-c", "echo \"shared_buffers = 'many'\" >> {data}/postgresql.conf"]]
    own = Path(tempfile.mkdtemp(prefix="ma-", dir="/tmp"))
    own.chmod(0o755)
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    with pytest.raises(ServerError, match="did not start") as raised, open_cluster(_replaced(recipe, copy=wrong)):
        pytest.fail("it started")
    assert "invalid value for parameter" in str(raised.value)
    own.rmdir()  # which has to be empty


def test_a_step_that_fails_is_named(private: BinaryServer) -> None:
    recipe = private.recipe()
    with (
        pytest.raises(ServerError, match="cp ended with status 1"),
        open_cluster(_replaced(recipe, copy=[["cp", "/nonexistent", "{data}"]])),
    ):
        pytest.fail("it started")


def _replaced(recipe: object, **changes: object) -> object:
    import dataclasses

    return dataclasses.replace(recipe, **changes)  # type: ignore[type-var]
