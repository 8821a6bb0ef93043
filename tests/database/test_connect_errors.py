"""What stops a connection, on real servers: the advice fits the cause, by SQLSTATE or by what libpq says."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from migration_audit.catalog import open_connection, read_snapshot
from migration_audit.catalog.connection import sent_at_once
from migration_audit.catalog.server_errors import database_error
from migration_audit.model.errors import DatabaseError, ServerError
from migration_audit.shadow.binaries import BinaryServer
from migration_audit.shadow.cluster import open_cluster
from migration_audit.shadow.rundir import data_of
from migration_audit.shadow.url import URL_VARIABLE, find_url

pytestmark = pytest.mark.server

PASSWORD = "s3cret-of-guest"

ROLES = (
    f"create role guest login password '{PASSWORD}'",
    f"create role closed nologin password '{PASSWORD}'",
    f"create role alone login password '{PASSWORD}' connection limit 0",
    "create database private",
    "revoke connect on database private from public",
    "create database asleep allow_connections false",
)


class Server:
    """A server that asks for passwords, and whose configuration tests may change."""

    def __init__(self, cluster: Any) -> None:
        self.admin = cluster.conninfo()
        found = conninfo_to_dict(self.admin)
        self.port = str(found["port"])
        self.data = data_of(cluster.directory)
        self.hba = self.data / "pg_hba.conf"

    def conninfo(self, **change: Any) -> str:
        given = {"host": "127.0.0.1", "port": self.port, "dbname": "postgres", "user": "guest", "password": PASSWORD}
        return make_conninfo(**{k: v for k, v in {**given, "sslmode": "disable", **change}.items() if v is not None})

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.admin, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @contextlib.contextmanager
    def configured(self, **settings: str) -> Iterator[None]:
        """With other settings, which take effect for new connections; pg_hba is put in front of the server's own."""
        before = self.hba.read_text("utf-8")
        self.hba.write_text(settings.pop("pg_hba", "") + "\n" + before, "utf-8")
        self.run(*(f"alter system set {name} = '{value}'" for name, value in settings.items()), "select pg_reload_conf()")
        try:
            yield
        finally:
            self.hba.write_text(before, "utf-8")
            self.run("alter system reset all", "select pg_reload_conf()")


@pytest.fixture(scope="module")
def place(server: Any) -> Iterator[Server]:
    if not isinstance(server, BinaryServer):
        pytest.skip("needs a server of our own")
    with open_cluster(server.recipe(), fresh=True, tcp=True) as cluster:
        found = Server(cluster)
        found.run(*ROLES)
        yield found


def refused(conninfo: str, state: str | None, said: str, advice: str) -> None:
    """Connecting is refused with this SQLSTATE, in the server's words, with this advice and without the password."""
    with pytest.raises(DatabaseError) as caught:
        open_connection(conninfo)
    error = caught.value
    assert said in error.what
    assert advice in (error.todo or "")
    assert PASSWORD not in str(error)
    assert "\n" not in error.what
    context = error.__context__
    assert isinstance(context, psycopg.Error)
    assert context.sqlstate == state


REFUSED = {
    "a wrong password": ({"password": "other"}, "28P01", "password authentication failed", "user and password"),
    "an unknown user": ({"user": "nobody_here"}, "28P01", "password authentication failed", "user and password"),
    "a role without LOGIN": ({"user": "closed"}, "28000", "not permitted to log in", "ALTER ROLE"),
    "no such database": ({"dbname": "nowhere"}, "3D000", 'database "nowhere" does not exist', "the database name"),
    "no CONNECT": ({"dbname": "private"}, "42501", "permission denied for database", "GRANT CONNECT"),
    "a database that takes no connections": ({"dbname": "asleep"}, "55000", "not currently accepting", "ALLOW_CONNECTIONS"),
    "a role at its limit": ({"user": "alone"}, "53300", 'too many connections for role "alone"', "connections"),
    "an unknown setting": ({"options": "-c no_such=1"}, "42704", "no_such", "PGOPTIONS"),
    "a value that the setting refuses": ({"options": "-c work_mem=much"}, "22023", "work_mem", "PGOPTIONS"),
    "no password": ({"password": None}, None, "no password supplied", "0600"),
    "TLS, and the server has none": ({"sslmode": "require"}, None, "does not support SSL", "sslmode"),
    "a host that DNS does not know": ({"host": "host.invalid"}, None, "host.invalid", "DNS"),
    "a port on which nothing listens": ({"port": "1"}, None, "Connection refused", "nothing listens"),
    "a host whose name begins as a service does": ({"host": "service.invalid"}, None, "service.invalid", "DNS"),
    "no socket": ({"host": "/nowhere"}, None, "No such file or directory", "socket"),
    "a value that libpq does not know": ({"sslmode": "perhaps"}, None, "sslmode", "the value in the connection string"),
    "a server that must be a standby": (
        {"target_session_attrs": "standby"},
        None,
        "hot standby",
        "target_session_attrs",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_advice_fits_the_cause(place: Server, case: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    change, state, said, advice = REFUSED[case]
    refused(place.conninfo(**change), state, said, advice)


URLS = {
    "a wrong password": (
        "postgresql://guest:other@127.0.0.1:{port}/postgres",
        "password authentication",
        "user and password",
    ),
    "no such database": (
        f"postgresql://guest:{PASSWORD}@127.0.0.1:{{port}}/x",
        'database "x" does not exist',
        "database name",
    ),
    "nothing listens": (f"postgresql://guest:{PASSWORD}@127.0.0.1:1/postgres", "Connection refused", "nothing listens"),
}


@pytest.mark.parametrize("case", URLS)
def test_the_server_for_shadows_is_asked_in_the_same_words(
    place: Server, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, said, advice = URLS[case]
    monkeypatch.setenv(URL_VARIABLE, url.format(port=place.port))
    with pytest.raises(ServerError) as caught, find_url().cluster():
        pass
    assert said in caught.value.what
    assert advice in (caught.value.todo or "")
    assert PASSWORD not in str(caught.value)


def test_a_service_that_is_not_there(place: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "services"
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    refused("service=prod", None, f'service file "{file}" not found', "PGSERVICEFILE")
    file.write_text("[stage]\nhost=127.0.0.1\n", "utf-8")
    refused("service=prod", None, 'definition of service "prod" not found', "the service's name")


def test_a_passfile_with_another_password_or_for_all_to_read(
    place: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "pass"
    file.write_text("*:*:*:*:other\n", "utf-8")
    file.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    refused(place.conninfo(password=None), "28P01", "password authentication failed", "user and password")
    file.chmod(0o644)
    refused(place.conninfo(password=None), None, "no password supplied", "0600")


def test_pg_hba_lets_no_one_in(place: Server) -> None:
    with place.configured(pg_hba="host all guest 127.0.0.1/32 reject"):
        refused(place.conninfo(), "28000", "pg_hba.conf rejects connection", "pg_hba.conf")


def test_all_connections_are_taken(place: Server) -> None:
    taken: list[Any] = []
    try:
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                taken.append(psycopg.connect(place.conninfo()))
        refused(place.conninfo(), "53300", "remaining connection slots are reserved", "try again later")
    finally:
        for connection in taken:
            connection.close()


@pytest.mark.slow
def test_a_server_that_does_not_answer(place: Server) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        conninfo = place.conninfo(port=str(deaf.getsockname()[1]), connect_timeout="2")
        refused(conninfo, None, "timeout expired", "no answer")


def test_what_listens_is_no_postgresql(place: Server) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        refused(
            place.conninfo(port=str(listening.getsockname()[1])), None, "authentication request", "not a PostgreSQL server"
        )
        thread.join()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A server's certificate for db.example, its CA, and a CA that has signed nothing."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    for name in ("ca", "other"):
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"),
            *("-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.crt"),
        )
    openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=db.example"),
        *("-keyout", "server.key", "-out", "server.csr"),
    )
    openssl(
        *("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2"),
        *("-out", "server.crt"),
    )
    return folder


@pytest.fixture
def encrypted(place: Server, certificates: Path) -> Iterator[Server]:
    owner = place.data.stat()
    for name in ("server.key", "server.crt"):
        shutil.copy(certificates / name, place.data)
        (place.data / name).chmod(0o600)
        os.chown(place.data / name, owner.st_uid, owner.st_gid)
    with place.configured(
        ssl="on", pg_hba="hostssl all guest 127.0.0.1/32 scram-sha-256\nhost all guest 127.0.0.1/32 reject"
    ):
        yield place


def test_tls_that_the_server_wants(encrypted: Server) -> None:
    with open_connection(encrypted.conninfo(sslmode="require")) as connection:
        assert connection.pgconn.ssl_in_use
    refused(encrypted.conninfo(sslmode="disable"), "28000", "no encryption", "sslmode=require")


@pytest.mark.parametrize(
    ("name", "change", "said", "advice"),
    [
        ("other.crt", {"sslmode": "verify-ca"}, "certificate verify failed", "the CA in sslrootcert"),
        ("none.crt", {"sslmode": "verify-ca"}, "none.crt", "put the CA certificate where sslrootcert"),
        (
            "ca.crt",
            {"sslmode": "verify-full", "host": "stage.example", "hostaddr": "127.0.0.1"},
            "does not match host name",
            "connect using a name in the certificate",
        ),
    ],
    ids=["another CA", "no CA", "another host"],
)
def test_certificates_that_do_not_fit(
    encrypted: Server, certificates: Path, name: str, change: dict[str, str], said: str, advice: str
) -> None:
    refused(encrypted.conninfo(sslrootcert=str(certificates / name), **change), None, said, advice)
    fitting = {"sslmode": "verify-full", "host": "db.example", "hostaddr": "127.0.0.1"}
    open_connection(encrypted.conninfo(sslrootcert=str(certificates / "ca.crt"), **fitting)).close()


def test_a_server_that_shuts_down(server: Any) -> None:
    if not isinstance(server, BinaryServer):
        pytest.skip("needs a server of our own")
    with open_cluster(server.recipe()) as cluster:
        # Not postmaster.pid: the server may count its processes in a namespace of its own, in which it is the first one.
        pid = int((cluster.directory / "server.pid").read_text("utf-8"))
        assert b"postgres" in Path(f"/proc/{pid}/cmdline").read_bytes()
        with psycopg.connect(cluster.conninfo()) as held:
            os.kill(pid, signal.SIGTERM)  # it waits for those who are connected
            log = cluster.directory / "log"
            while "received smart shutdown request" not in log.read_text("utf-8"):
                held.execute("select 1")
            refused(cluster.conninfo(), "57P03", "shutting down", "starting, stopping or recovering")


@pytest.mark.parametrize("is_pipelined", [True, False])
@pytest.mark.parametrize("setting", ["transaction_timeout", "idle_in_transaction_session_timeout"])
def test_the_words_of_a_server_that_ends_a_connection(database: str, setting: str, is_pipelined: bool) -> None:
    with psycopg.connect(database, autocommit=True) as admin:
        row = admin.execute("select count(*) from pg_settings where name = %s", (setting,)).fetchone()
        if row == (0,):
            pytest.skip(f"this server has no {setting}")
        with open_connection(database, is_pipelined=is_pipelined) as connection:
            connection.execute(f"set local {setting} = '1ms'".encode())
            gone = "select count(*) = 0 from pg_stat_activity where pid = %s"
            while admin.execute(gone, (connection.info.backend_pid,)).fetchone() != (True,):
                pass
            with pytest.raises(DatabaseError) as caught:
                read_snapshot(connection)
    assert "terminating connection due to" in caught.value.what
    assert f"{setting} of this role or database is too short" in (caught.value.todo or "")


@pytest.mark.parametrize("is_pipelined", [True, False])
def test_the_words_of_a_server_that_ends_a_query(database: str, is_pipelined: bool) -> None:
    with (
        psycopg.connect(database, autocommit=True) as admin,
        open_connection(database, is_pipelined=is_pipelined) as connection,
    ):
        pid = connection.info.backend_pid
        waiting = "select count(*) from pg_stat_activity where pid = %s and wait_event = 'PgSleep'"

        def end() -> None:
            while admin.execute(waiting, (pid,)).fetchone() != (1,):
                pass
            admin.execute("select pg_terminate_backend(%s)", (pid,))

        thread = threading.Thread(target=end)
        thread.start()
        with pytest.raises((DatabaseError, psycopg.Error)) as caught, sent_at_once(connection) as sync:
            slow = connection.execute("select pg_sleep(60)")
            connection.execute("select 1")
            slow.fetchall()
            sync()
        thread.join()
        error = caught.value
        if isinstance(error, psycopg.Error):
            error = database_error(error, connection)
    assert "terminating connection due to administrator command" in error.what
    assert "the connection was terminated" in (error.todo or "")
