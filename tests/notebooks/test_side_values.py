"""Placeholders and psql variables on the command line: for both sides or for one, and refused where no file uses them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fix_demo import run_cli

pytestmark = pytest.mark.server

SECRET = "pl4nt3d"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flyway").mkdir()
    (tmp_path / "flyway" / "V1__t.sql").write_text("create table ${Name} (a int default ${size});\n")
    (tmp_path / "psql.sql").write_text("create table :name (a int default :size);\n")
    (tmp_path / "asks.sql").write_text("\\if :{?name}\n\\else\n\\echo none\n\\endif\ncreate table t (a int default 1);\n")
    (tmp_path / "plain.sql").write_text("create table t (a int default 1);\n")
    (tmp_path / "dbmate").mkdir()
    (tmp_path / "dbmate" / "1_t.sql").write_text("-- migrate:up\ncreate table t (a int default 1);\n-- migrate:down\n")
    return tmp_path


P, V = "--placeholder", "--variable"


@pytest.mark.parametrize(
    ("sides", "options", "code", "said"),
    [
        pytest.param("flyway:flyway plain.sql", [P, "name=t", P, "size=1"], 0, "equal", id="placeholders"),
        pytest.param("flyway:flyway plain.sql", [P, "expected:NAME=t", P, "size=1"], 0, "equal", id="for one side"),
        pytest.param("plain.sql psql.sql", [V, "name=t", V, "size=1"], 0, "equal", id="variables"),
        pytest.param("psql.sql psql.sql", [V, "name=t", V, "size=1", V, "actual:size=2"], 1, "default", id="both differ"),
        pytest.param("flyway:flyway psql.sql", [P, "name=t", P, "size=1", V, "name=t", V, "size=1"], 0, "equal",
            id="both kinds"),
        pytest.param("plain.sql asks.sql", [V, "name="], 0, "equal", id="only asked whether it is set"),
        pytest.param("flyway:flyway plain.sql", [P, "name=t"], 3, "--placeholder size=…", id="one is not set here"),
        pytest.param("plain.sql psql.sql", [V, "name=t"], 3, "--variable size=…", id="one variable is not set here"),
        pytest.param(
            "flyway:flyway plain.sql", [P, "name=t", P, "size=1", P, f"nmae={SECRET}"], 2,
                "--placeholder nmae: no SQL here uses it", id="misspelt"
        ),
        pytest.param(
            "psql.sql plain.sql", [V, "name=t", V, "size=1", V, f"actual:size={SECRET}"], 2,
            "--variable actual:size: the SQL of the actual side does not use it", id="of the other side"
        ),
        pytest.param("plain.sql plain.sql", [P, f"name={SECRET}"], 2, "the files here use values of --variable",
            id="other kind"),
        pytest.param("dbmate:dbmate dbmate:dbmate", [V, f"name={SECRET}"], 2, "dbmate inserts no values into the SQL",
            id="no kind"),
        pytest.param("plain.sql plain.sql", [V, SECRET], 2, "--variable: has no =", id="no ="),
        pytest.param("plain.sql plain.sql", [P, f"={SECRET}"], 2, "--placeholder: lacks a name", id="no name"),
        pytest.param("plain.sql plain.sql", [P, "expected:=1"], 2, "--placeholder expected:: lacks a name",
            id="no name, a side"),
        pytest.param("plain.sql plain.sql", [V, f"a-b={SECRET}"], 2, "--variable a-b:", id="no name of psql's"),
        pytest.param("plain.sql plain.sql", [V, "AUTOCOMMIT=off"], 2, "it changes where transactions end",
            id="changes psql"),
        pytest.param("psql.sql plain.sql", [V, "name=t", V, f"name={SECRET}"], 2, "--variable name: is set twice",
            id="twice"),
        pytest.param("flyway:flyway plain.sql", [P, "name=t", P, "size=1\n"], 3, "spans several lines", id="several lines"),
    ],
)  # fmt: skip
def test_compare(folder: Path, sides: str, options: list[str], code: int, said: str) -> None:
    ran = run_cli("compare", *sides.split(), *options, cwd=folder)
    assert (ran.code, said in ran.out + ran.err) == (code, True), ran.out + ran.err
    assert SECRET not in ran.out + ran.err


def test_a_value_that_the_runners_own_settings_have_is_used(folder: Path) -> None:
    (folder / "flyway" / "flyway.conf").write_text("flyway.placeholders.size=1\nflyway.placeholders.name=t\n")
    ran = run_cli("compare", "flyway:flyway", "plain.sql", P, "size=1", cwd=folder)
    assert ran.code == 0, ran.err


def test_a_live_side_uses_nothing(folder: Path, database: str) -> None:
    ran = run_cli("compare", "env:DB", "plain.sql", V, "expected:name=t", cwd=folder, DB=database)
    assert (ran.code, "--variable expected:name" in ran.err) == (2, True), ran.err


def test_snapshot(folder: Path) -> None:
    ran = run_cli("snapshot", "psql.sql", V, "name=t", V, "size=1", "-o", "s.json", cwd=folder)
    assert ran.code == 0, ran.err
    assert '"name": "t"' in json.dumps(json.loads((folder / "s.json").read_text()))
    assert run_cli("snapshot", "plain.sql", V, "name=t", cwd=folder).code == 2
