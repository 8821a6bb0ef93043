"""The providers on real servers: what is installed here, a server named by URL, and one that stays."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from fix_clusters import ask, run
from migration_audit.model.errors import ServerError
from migration_audit.shadow import find_server, settings, start, status, stop
from migration_audit.shadow.binaries import BinaryServer
from migration_audit.shadow.cluster import PrivateCluster
from migration_audit.shadow.local import list_local, why_not_local
from migration_audit.shadow.paths import server_account
from migration_audit.shadow.select import SERVER_VARIABLE
from migration_audit.shadow.url import URL_VARIABLE

INSTALLED = [each for each in list_local(server_account()) if why_not_local(each) is None]
needs_local = pytest.mark.skipif(not INSTALLED, reason="no PostgreSQL is installed on this machine")
without_timescaledb = pytest.mark.skipif(
    any("timescaledb" in each.extensions for each in INSTALLED), reason="the installed PostgreSQL has TimescaleDB"
)


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (SERVER_VARIABLE, URL_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")


def test_what_a_server_says_it_has_can_be_created(server: BinaryServer) -> None:
    with server.cluster() as cluster:
        conninfo = cluster.create_database("x")
        offered = ask(conninfo, "select json_object_agg(name, default_version)::text from pg_available_extensions")
        assert dict(server.available_extensions()) == json.loads(offered)
        for name in sorted({"timescaledb", "postgis", "pgcrypto"} & server.available_extensions().keys()):
            run(conninfo, f'create extension "{name}"')


def test_the_description_tells_versions_and_origin(server: BinaryServer) -> None:
    with server.cluster() as cluster:
        version = ask(cluster.conninfo(), "show server_version").split()[0]
    assert f"PostgreSQL {version}" in server.description
    assert server.available_extensions()["timescaledb"] in server.description


@pytest.mark.parametrize("suite", ["debian", "debian:sid"])
def test_debian_has_what_errors_promise(suite: str) -> None:
    row = next(each for each in status() if each.provider in {suite, "debian:trixie" if suite == "debian" else suite})
    if not row.usable or "not installed" in row.detail:
        pytest.skip(f"{suite} is not installed: {row.detail}")
    server = find_server(suite, progress=pytest.fail)
    lacking = settings.DEBIAN - server.available_extensions().keys()
    # In sid PostGIS no longer brings these along.
    elsewhere = {"address_standardizer", "address_standardizer_data_us", "postgis_tiger_geocoder"}
    assert lacking == (elsewhere if suite == "debian:sid" else set())
    assert server.provider == suite
    assert "Apache edition" in server.description


@needs_local
def test_plain_schemas_work_on_what_is_installed() -> None:
    server = find_server("local", progress=print)
    assert server.provider == "local"
    with server.cluster() as cluster:
        conninfo = cluster.create_database("plain")
        run(conninfo, "create table t (id bigint primary key)")
        assert f"PostgreSQL {ask(conninfo, 'show server_version').split()[0]}" in server.description


@needs_local
@without_timescaledb
def test_what_is_installed_without_timescaledb_is_not_chosen_for_it(server: BinaryServer) -> None:
    with pytest.raises(ServerError, match="has no timescaledb") as raised:
        find_server("local", extensions=["timescaledb"], progress=pytest.fail)
    assert "MIGRATION_AUDIT_SERVER=debian" in (raised.value.todo or "")
    folder = INSTALLED[0].bin
    with pytest.raises(ServerError, match="has no extension timescaledb") as named:
        find_server(f"local:{folder}", extensions=["timescaledb"], progress=print)
    assert "PostgreSQL" in named.value.what
    assert "MIGRATION_AUDIT_SERVER=debian" in (named.value.todo or "")
    assert find_server(extensions=["timescaledb"], progress=print).provider != "local"
    assert find_server(extensions=["hstore"], progress=print).provider == "local"
    del server  # asked for so that `debian` is there already


@needs_local
def test_a_pristine_data_directory_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setattr("migration_audit.shadow.local.cache_dir", lambda _: Path(folder))
        lines: list[str] = []
        for _ in range(2):
            find_server("local", progress=lines.append)
        assert len(lines) == 1


@pytest.fixture(scope="module")
def host(server: BinaryServer) -> Iterator[PrivateCluster]:
    """A running server that plays the user's own, with two roles."""
    with server.cluster() as cluster:
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            connection.execute(
                "create role maker login createdb; create role reader login; create role writer; grant writer to maker"
            )
            connection.execute("create database precious")
        yield cluster


def databases(host: PrivateCluster) -> set[str]:
    with psycopg.connect(host.conninfo()) as connection:
        return {row[0] for row in connection.execute("select datname from pg_database").fetchall()}


def test_a_named_server_gets_databases_of_ours_and_loses_exactly_those(
    host: PrivateCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL_VARIABLE, host.conninfo(user="maker"))
    before = databases(host)
    server = find_server(progress=pytest.fail)
    assert server.provider == "url"
    with server.cluster() as first, server.cluster() as second:
        both = [first.create_database("shadow"), second.create_database("shadow")]
        names = [ask(conninfo, "select current_database()") for conninfo in both]
        assert all(name.startswith("migration_audit_") for name in names)
        assert len(set(names)) == 2
        assert databases(host) == before | set(names)
        assert first.superuser == "maker"
        assert ask(first.conninfo("shadow", "writer"), "select current_user") == "writer"
        long = first.create_database("x" * 100)
        assert len(ask(long, "select current_database()")) == 63
        with pytest.raises(ServerError, match="not touched"):
            first.conninfo("precious")
        first.drop_database("precious")
        first.drop_database("shadow")
        assert names[1] in databases(host)
    assert databases(host) == before


def test_databases_on_a_named_server_are_dropped_after_an_error(
    host: PrivateCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(URL_VARIABLE, host.conninfo(user="maker"))
    before = databases(host)
    with pytest.raises(RuntimeError), find_server("url", progress=pytest.fail).cluster() as cluster:
        cluster.create_database("shadow")
        raise RuntimeError
    assert databases(host) == before


def test_a_role_that_may_not_create_databases_is_reported(host: PrivateCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, host.conninfo(user="reader"))
    with pytest.raises(ServerError, match="role reader may not create databases") as raised:
        find_server("url", progress=pytest.fail)
    assert raised.value.todo == 'alter role "reader" createdb'


def test_a_named_server_without_an_extension_is_reported(host: PrivateCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, host.conninfo(user="maker"))
    with pytest.raises(ServerError, match=r"PostgreSQL .* has no extension no_such") as raised:
        find_server("url", extensions=["no_such"], progress=pytest.fail)
    assert raised.value.where == "server `url`"


@pytest.fixture
def own_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A record of the server that stays apart from the user's, and nothing left running."""
    monkeypatch.setattr("migration_audit.shadow.running.cache_dir", lambda _: tmp_path)
    yield
    stop(progress=print)


@pytest.mark.usefixtures("own_record")
def test_a_server_that_stays_is_started_once_and_stopped_once(server: BinaryServer) -> None:
    provider = server.provider
    conninfo = start(provider, progress=print)
    run(conninfo, "create database kept")
    assert start(provider, progress=print) == start(progress=print) == conninfo
    running = [row for row in status() if row.detail.startswith("running")]
    assert [row.provider for row in running] == [provider]
    with pytest.raises(ServerError, match="is running"):
        start("docker", progress=print)
    assert stop(progress=print) is True
    assert stop(progress=print) is False
    assert not Path(str(running[0].path)).exists()
    assert not [row for row in status() if row.detail.startswith("running")]


@pytest.mark.usefixtures("own_record")
def test_a_server_that_stays_outlives_the_process_that_started_it(server: BinaryServer, tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, migration_audit.shadow.running as running\n"
        f"running.cache_dir = lambda _: pathlib.Path({str(tmp_path)!r})\n"
        f"print(running.start({server.provider!r}, progress=lambda line: None))\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert ask(done.stdout.strip(), "select 1") == "1"
    assert stop(progress=print) is True
    with pytest.raises(psycopg.OperationalError):
        ask(done.stdout.strip(), "select 1")
