"""Choosing a server where none of the providers has anything to offer, or only some have."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest

from migration_audit.model.errors import ServerError, UsageError
from migration_audit.shadow import docker, find_server, local, select
from migration_audit.shadow.databases import conninfo, role_option
from migration_audit.shadow.select import SERVER_VARIABLE
from migration_audit.shadow.settings import extension_advice
from migration_audit.shadow.url import URL_VARIABLE


@pytest.fixture(autouse=True)
def _nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (SERVER_VARIABLE, URL_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")


@pytest.mark.parametrize("name", ["postgres", "debian:bookworm", "debianx", "Local", "url:x"])
def test_a_server_that_does_not_exist_is_wrong_usage(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=f"`{name}`"):
        find_server(name, progress=pytest.fail)
    monkeypatch.setenv(SERVER_VARIABLE, name)
    with pytest.raises(UsageError, match=f"`{name}`"):
        find_server(progress=pytest.fail)


def test_when_nothing_works_each_reason_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "list_local", lambda _: [])
    monkeypatch.setattr(select, "find_debian", _no_debian)
    with pytest.raises(ServerError) as raised:
        find_server(extensions=["timescaledb"], progress=pytest.fail)
    text = str(raised.value)
    for reason in (f"url: {URL_VARIABLE} is not set", "local: no PostgreSQL", "docker: ", "debian: no apt here"):
        assert reason in text


def _no_debian(*_: object) -> None:
    raise ServerError("no apt here", todo="use Debian")


def test_a_folder_without_a_server_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ServerError, match="there is no `initdb`"):
        find_server(f"local:{tmp_path}", progress=pytest.fail)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:s3cret@127.0.0.1:1/x",
        "postgresql://user:s3cret@[::1/x",
        "s3cret and more",
        "host=127.0.0.1 port=1 password='s3cret",
    ],
    ids=["refused", "not a url", "not a connection string", "unfinished"],
)
def test_a_url_that_leads_nowhere_is_reported_without_its_password(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, url)
    with pytest.raises(ServerError) as raised:
        find_server("url", progress=pytest.fail)
    assert raised.value.where == URL_VARIABLE
    assert "s3cret" not in str(raised.value)
    assert raised.value.__suppress_context__ or "s3cret" not in str(raised.value.__cause__)


def test_a_url_that_leads_nowhere_is_reported_before_others_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, "postgresql://user:s3cret@127.0.0.1:1/x")
    monkeypatch.setattr(local, "list_local", lambda _: [])
    monkeypatch.setattr(select, "find_debian", _no_debian)
    lines: list[str] = []
    with pytest.raises(ServerError):
        find_server(progress=lines.append)
    assert URL_VARIABLE in lines[0]
    assert "s3cret" not in "".join(lines)


def test_without_an_engine_docker_is_not_chosen_and_says_why() -> None:
    with pytest.raises(ServerError, match=r"Docker engine|testcontainers") as raised:
        find_server("docker", progress=pytest.fail)
    assert raised.value.todo


@pytest.mark.slow
def test_an_engine_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pytest.importorskip("docker")
    path = f"/tmp/engine-{time.monotonic_ns()}.sock"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(path)
        silent.listen()
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        started = time.monotonic()
        assert docker.docker_unusable() is not None
        assert time.monotonic() - started < 3 * docker.ENGINE_LIMIT
    Path(path).unlink()


@pytest.mark.slow
def test_an_engine_that_talks_nonsense_is_not_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("docker")
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{listening.getsockname()[1]}")
        answering = threading.Thread(target=_answer_nonsense, args=(listening,), daemon=True)
        answering.start()
        assert docker.docker_unusable() is not None
    answering.join(10)


def _answer_nonsense(listening: socket.socket) -> None:
    try:
        while True:
            connection, _ = listening.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"SSH-2.0-nonsense\r\n")
    except OSError:
        return


def test_a_container_runs_with_the_settings_of_every_shadow() -> None:
    command = docker.server_command()
    assert command[0] == "postgres"
    assert "fsync=off" in command
    assert "timescaledb.max_background_workers=0" in command
    cluster = docker.DockerCluster("localhost", "32768", "p'w")
    assert "password='p\\'w'" in cluster.conninfo("x")
    assert "-c role=writer" in cluster.conninfo("x", user="writer")


@pytest.mark.parametrize(
    ("names", "instead_of", "named"),
    [
        (["timescaledb"], "local", "debian or docker"),
        (["postgis", "hstore"], "url", "debian or docker"),
        (["vector"], "debian", "docker"),
        (["vector", "timescaledb"], "local", "docker"),
        (["our_own"], "local", "MIGRATION_AUDIT_SERVER=url"),
    ],
)
def test_the_provider_that_has_an_extension_is_named(names: list[str], instead_of: str, named: str) -> None:
    assert named in extension_advice(names, instead_of=instead_of)


@pytest.mark.parametrize("value", ["plain", "it's", "back\\slash", "a b", "'", "ä=ö", ""])
def test_connection_strings_can_be_read_back(value: str) -> None:
    from psycopg.conninfo import conninfo_to_dict

    assert conninfo_to_dict(conninfo(dbname=value, host="h")).get("dbname", "") == value


def test_no_role_is_no_option() -> None:
    assert role_option(None) == ""
