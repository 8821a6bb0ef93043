"""A file whose down section is applied with its up section: the audit says so, in every form and for both sides."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fix_demo import evidence_of, findings, run_cli

pytestmark = [pytest.mark.server, pytest.mark.slow]

UP = "create table t_a (id int primary key);"
UP_AND_DOWN = f"-- >>> forward\n{UP}\n-- >>> backward\ndrop table t_a;\n"
"""A dialect that no format knows."""
SENTENCE = "table public.t_a is created at up.sql:2 and dropped at up.sql:4"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "up.sql").write_text(UP_AND_DOWN)
    (tmp_path / "kept.sql").write_text("create table kept (id int);\n")
    (tmp_path / "dropped.sql").write_text("drop table kept;\ncreate table other (id int);\n")
    return tmp_path


def test_text_names_both_places(folder: Path) -> None:
    ran = run_cli("compare", "kept.sql+up.sql", "kept.sql", cwd=folder)
    assert ran.code == 0, ran.err
    assert f"  expected: {SENTENCE}; was a down section applied?\n" in ran.out
    assert "everything" not in ran.out


def test_json_has_each_in_an_object_of_its_own(folder: Path) -> None:
    ran = run_cli("compare", "kept.sql", "kept.sql+dropped.sql+up.sql", "--format", "json", cwd=folder)
    assert json.loads(ran.out)["undone"] == [
        {
            "side": "actual",
            "kind": "table",
            "object": f"public.{name}",
            "how": "removed",
            "created_at": created,
            "undone_at": undone,
            "created_again_at": None,
            "suspicious": suspicious,
        }
        for name, created, undone, suspicious in (
            ("kept", "kept.sql:1", "dropped.sql:1", False),
            ("t_a", "up.sql:2", "up.sql:4", True),
        )
    ]


@pytest.mark.parametrize("form", ["text", "sql"])
def test_a_side_of_which_nothing_is_left_is_named(folder: Path, form: str) -> None:
    ran = run_cli("compare", "up.sql", "up.sql", "--format", form, cwd=folder)
    said = ran.out if form == "text" else ran.err
    assert ran.code == 3, "nothing was compared"
    assert said.count("everything that it creates is removed again") == 2


def test_a_run_is_for_review(folder: Path, database: str) -> None:
    (folder / "audit.toml").write_text(
        '[project]\nname = "p"\n[legacy]\nsql = ["kept.sql", "up.sql"]\n[owner]\nsql = ["kept.sql"]\n'
        '[environments.dev]\ndsn_env = "DEV"\n'
    )
    run_cli("run", "--out", str(folder / "out"), cwd=folder, DEV=database)
    (finding,) = findings(evidence_of(folder / "out", "dev"), "SQL006")
    assert finding["key"] == "SQL006:legacy:up.sql:undone"
    assert finding["summary"].startswith(
        f"up.sql undoes its own changes: {SENTENCE}; nothing else that the file creates remains."
    )
    assert finding["where"] == "up.sql:4"
