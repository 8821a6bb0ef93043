"""A fleet of small databases on the session's server: cloned from a template, some of them changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fix_demo import Ran, run_cli

SCHEMA = """
create table public.customer (id bigint primary key, name varchar(64) not null, at timestamptz default now());
create table public.invoice (id bigint primary key, customer bigint not null references public.customer, total numeric);
create index invoice_customer on public.invoice (customer);
"""
EQUAL = tuple(f"tenant_{number:02}" for number in range(24))
CHANGED = {
    "drift_a1": "drop index public.invoice_customer",
    "drift_a2": "drop index public.invoice_customer",
    "drift_a3": "drop index public.invoice_customer",
    "drift_b1": "alter table public.customer alter column name type text",
    "drift_b2": "alter table public.customer alter column name type text",
    "drift_c1": "create table public.scratch (id int)",
}
LOCKED = "locked"
READER = "fleet_reader"


@dataclass(frozen=True)
class Fleet:
    """Where the databases are."""

    cluster: Any
    variables: dict[str, str]
    """``FLEET`` leads to the server as a role that owns nothing, ``ADMIN`` as its owner, ``DOWN`` nowhere."""

    def execute(self, database: str, sql: str) -> None:
        with psycopg.connect(self.cluster.conninfo(database), autocommit=True) as connection:
            connection.execute(sql.encode())

    def lines(self, *names: str) -> str:
        return "".join(f"{name} = env:FLEET/{name}\n" for name in names)

    def run(self, *arguments: str, cwd: Path, **variables: str) -> Ran:
        return run_cli("fleet", *arguments, cwd=cwd, **self.variables, **variables)


@pytest.fixture(scope="module")
def fleet(server: Any) -> Iterator[Fleet]:
    """The databases, made once for a file of tests, on a server of their own: to drop them takes longer than a server."""
    with server.cluster() as cluster:
        template = cluster.create_database("fleet_template")
        with psycopg.connect(template) as connection:
            connection.execute(SCHEMA.encode())
        for name in [*EQUAL, *CHANGED, LOCKED]:
            cluster.create_database(name, template="fleet_template")
        made = Fleet(
            cluster,
            {
                "FLEET": f"{cluster.conninfo('postgres')} user={READER}",
                "ADMIN": cluster.conninfo("postgres"),
                "DOWN": "host=127.0.0.1 port=1 dbname=x user=x",
            },
        )
        made.execute("postgres", f"create role {READER} login")
        for name, sql in CHANGED.items():
            made.execute(name, sql)
        made.execute("postgres", f"revoke connect on database {LOCKED} from public")
        yield made


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with the expected side as SQL."""
    (tmp_path / "schema.sql").write_text(SCHEMA, "utf-8")
    return tmp_path


@pytest.fixture(scope="session")
def saved_side(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The expected side as a saved snapshot, applied once."""
    del server  # it is installed
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "schema.sql").write_text(SCHEMA, "utf-8")
    ran = run_cli("snapshot", "schema.sql", "-o", "expected.json", cwd=folder)
    assert ran.code == 0, ran.err
    return folder / "expected.json"


def folders(place: Path) -> list[Path]:
    """The folders of fleet runs, the oldest first."""
    return sorted((place / "reports" / "fleet").iterdir())


def load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def evidence_in(folder: Path) -> dict[str, Any]:
    """The evidence of each target, by its name."""
    found = [load(path) for path in folder.glob("targets/*/*.json")]
    return {each["target"]: each for each in found}


__all__ = ["fleet", "place", "saved_side"]
