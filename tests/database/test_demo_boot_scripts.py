"""The demo's apply-db-init.sh, run by a real shell with a real psql: files in order, each recorded, once."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from migration_audit import demo

DIRECTUS = Path(demo.__file__).parent / "trm" / "directus"

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("psql") is None, reason="there is no psql on PATH"),
]


@pytest.fixture
def apply(database):
    """Calls the script on a database; gives back what it did."""
    to = conninfo_to_dict(database)
    names = {"HOST": "host", "PORT": "port", "DATABASE": "dbname", "USER": "user", "PASSWORD": "password"}
    environment = {f"DB_{name}": str(to[key]) for name, key in names.items() if key in to}

    def apply(folder, work=DIRECTUS):
        return subprocess.run(
            ["sh", str(DIRECTUS / "apply-db-init.sh"), str(folder)],
            cwd=work,
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return apply


def recorded(database):
    with psycopg.connect(database) as connection:
        return dict(connection.execute("select filename, checksum from directus.migrations_applied").fetchall())


def tables(database):
    query = "select schemaname || '.' || tablename from pg_tables where schemaname in ('public', 'directus')"
    with psycopg.connect(database) as connection:
        return {name for (name,) in connection.execute(query)}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "002_b.sql").write_text("create table b (a int references a);\n")
    (tmp_path / "001_a.sql").write_text("create table if not exists a (a int primary key) -- no semicolon")
    return tmp_path


def test_files_are_applied_in_order_and_recorded_with_their_checksum(apply, database, folder):
    done = apply(folder)
    assert done.returncode == 0, done.stderr
    assert recorded(database) == {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.glob("*.sql")}
    assert tables(database) == {"public.a", "public.b", "directus.migrations_applied"}


def test_a_recorded_file_is_left_out_and_a_changed_one_applied_again(apply, folder):
    apply(folder)
    assert apply(folder).stdout.count("applied before") == 2
    (folder / "001_a.sql").write_text("create table if not exists a (a int primary key); -- changed")
    assert apply(folder).stdout.splitlines() == ["    001_a.sql", "    002_b.sql: applied before"]


def test_the_first_file_that_fails_ends_it_and_leaves_nothing(apply, database, folder):
    (folder / "001_a.sql").write_text("create table a (a int primary key);\nselect 1 / 0;\n")
    done = apply(folder)
    assert done.returncode != 0
    assert "division by zero" in done.stderr
    assert recorded(database) == {}
    assert tables(database) == {"directus.migrations_applied"}


def test_a_folder_that_is_not_there(apply):
    done = apply("nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is no folder nowhere" in done.stderr


@pytest.mark.timescale
def test_the_files_of_the_demo(apply, database):
    done = apply("db-init")
    assert done.returncode == 0, done.stderr
    assert set(recorded(database)) == {f.name for f in (DIRECTUS / "db-init").glob("*.sql")}
    assert "public.positions" in tables(database)
