"""What the tests from outside share: databases behind passwords, environments of every unlucky kind, processes to stop."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
import psycopg
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from fix_signals import default_signals
from migration_audit.audit.demo import demo_root
from migration_audit.demo.histories import build_database, histories
from migration_audit.project import load_project
from migration_audit.shadow.binaries import BinaryServer
from migration_audit.shadow.cluster import open_cluster

PASSWORD = "pl4nt3d'\"<&>/@: %?#\\end5ecret"
"""A password that has to be escaped in every format there is; its two halves are the same in all of them."""
HALVES = (b"pl4nt3d", b"end5ecret")


@dataclass(frozen=True)
class Guarded:
    """A server that asks for passwords; ``dev`` of the demo and an empty ``plain`` are in it, and two plain roles."""

    address: str
    admin: str

    def url(self, database: str, *, user: str = "reader", password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{quote(password, safe='')}@{self.address}/{database}"

    def conninfo(self, database: str) -> str:
        return self.admin.replace("dbname='postgres'", f"dbname='{database}'")

    @property
    def identifier(self) -> str:
        """What ``initdb`` called the server."""
        with psycopg.connect(self.admin) as connection:
            row = connection.execute("select system_identifier from pg_control_system()").fetchone()
        return str(row[0]) if row else ""

    def execute(self, *statements: str, database: str = "postgres") -> None:
        with psycopg.connect(self.conninfo(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def copy(self, name: str, template: str = "dev") -> str:
        """A database like another one; its connection string."""
        self.execute(f"create database {name} template {template}")
        return self.conninfo(name)


@pytest.fixture(scope="module")
def guarded(server: Any) -> Iterator[Guarded]:
    """A server that is reached by TCP and asks for passwords."""
    if not isinstance(server, BinaryServer):
        pytest.skip("needs a server of our own")
    project = load_project(demo_root() / "audit.toml")
    with open_cluster(server.recipe(), fresh=True, tcp=True) as cluster:
        admin = cluster.conninfo()
        found = conninfo_to_dict(admin)
        given = Guarded(address=f"{found['host']}:{found['port']}", admin=admin)
        (dev,) = (history for history in histories(demo_root()) if history.environment == "dev")
        build_database(dev, cluster.create_database("dev"), project=project)
        cluster.create_database("plain")
        with psycopg.connect(admin, autocommit=True) as connection:
            for role in ("reader", "outsider"):
                text = sql.SQL("create role {} login password {}").format(sql.Identifier(role), sql.Literal(PASSWORD))
                connection.execute(text)
        given.execute("create database closed", "revoke connect on database closed from public")
        yield given


def with_environments(folder: Path, **environments: str) -> Path:
    """Replace the environments of the demo's audit.toml in ``folder``; each is the text of its table."""
    path = folder / "audit.toml"
    text = path.read_text("utf-8")
    head, tail = text[: text.index("[environments.dev]")], text[text.index("[scope]") :]
    tables = "".join(f"[environments.{name}]\n{keys}\n\n" for name, keys in environments.items())
    path.write_text(head + tables + tail, "utf-8")
    return path


def replace_in(path: Path, before: str, after: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(before) == 1, (path, before)
    path.write_text(text.replace(before, after), "utf-8")


def wait_until(true: Callable[[], Any], limit: float = 30.0, *, explain: Callable[[], Any] = lambda: "") -> Any:
    """The first true answer, asked for again and again; fails the test, with what ``explain`` gives, without one in time."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.02)
    pytest.fail(f"nothing in {limit} s {explain()}")


class Started:
    """``migration-audit`` in a process of its own with a temporary folder of its own, to be stopped in the middle."""

    def __init__(self, temporary: Path, *arguments: str, cwd: Path | None, variables: Mapping[str, str]) -> None:
        self.temporary = temporary
        self._variables = {**os.environ, **variables, "TMPDIR": str(temporary)}
        with default_signals():
            self.process = subprocess.Popen(
                # Not -m: that would put the folder it starts in before everything that is installed.
                [str(Path(sys.executable).parent / "migration-audit"), *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                cwd=cwd,
                env=self._variables,
            )
        self.err = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.err += line

    def wait_for(self, text: str) -> None:
        wait_until(lambda: text in self.err or self.process.poll() is not None)
        assert text in self.err, self.err

    def servers(self) -> list[Path]:
        """Data directories with a server that is up."""
        return [p for p in self.temporary.glob("*/data-*/postmaster.pid") if "ready" in _text(p)]

    def processes(self) -> list[str]:
        """Command lines of every process that it started, or that these started."""
        mark = f"TMPDIR={self.temporary}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:  # it has just ended
                continue
        return [line for line in found if line]

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=120)  # a busy machine stops servers slowly
        self._reader.join(timeout=10)
        return code

    def out(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.read()


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError:
        return ""


@pytest.fixture
def start() -> Iterator[Callable[..., Started]]:
    """Starts commands with a temporary folder that every account may enter; what still runs at the end is killed."""
    folder = Path(tempfile.mkdtemp(prefix="ma-", dir="/tmp"))
    folder.chmod(0o755)
    begun: list[Started] = []

    def begin(*arguments: str, cwd: Path | None = None, **variables: str) -> Started:
        begun.append(Started(folder, *arguments, cwd=cwd, variables=variables))
        return begun[-1]

    yield begin
    for each in begun:
        each.process.kill()
        each.process.wait()
        for stream in (each.process.stdout, each.process.stderr):
            assert stream is not None
            stream.close()
    shutil.rmtree(folder, ignore_errors=True)


def write_notebook(path: Path, *cells: str) -> None:
    """One of the notebooks of a run with these cells instead of its own."""
    parameters = "config = ''\nphase = ''\nrun_folder = ''" + ("" if path.name.startswith("10") else "\nenvironment = ''")
    path.parent.mkdir(exist_ok=True)
    given = [new_code_cell(parameters, metadata={"tags": ["parameters"]}), *(new_code_cell(cell) for cell in cells)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "x"}, "language_info": {"name": "python"}}
    nbformat.write(new_notebook(cells=given, metadata=kernel), path)


def every_byte(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Each file below the folder with its content, hidden ones too; what is packed is unpacked."""
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            yield path, gzip.decompress(content) if path.suffix == ".gz" else content
