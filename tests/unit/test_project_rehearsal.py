"""``[rehearsal]`` of audit.toml: read, and refused where it cannot be meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from migration_audit.model.errors import UsageError
from migration_audit.project import load_project

BASE = """
[project]
name = "p"
[legacy]
sql = ["old/*.sql"]
[owner]
sql = ["new/*.sql"]
[environments.dev]
dsn_env = "X"
"""


def project(folder: Path, more: str = ""):
    (folder / "audit.toml").write_text(BASE + more)
    return load_project(folder / "audit.toml")


def test_the_grants_are_read_with_their_place(tmp_path: Path) -> None:
    rehearsal = project(tmp_path, '[rehearsal]\ngrants = ["a/*.sql", "b.sql"]\n').rehearsal
    assert rehearsal is not None
    assert rehearsal.grants == ("a/*.sql", "b.sql")
    assert (rehearsal.at.path, rehearsal.at.line) == ("audit.toml", BASE.count("\n") + 1)


def test_without_the_table_the_least_rights_are_meant(tmp_path: Path) -> None:
    assert project(tmp_path).rehearsal is None


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("[rehearsal]\n", "rehearsal.grants"),
        ('[rehearsal]\ngrants = "a.sql"\n', "rehearsal.grants"),
        ('[rehearsal]\ngrants = ["/etc/a.sql"]\n', "rehearsal.grants"),
        ('[rehearsal]\ngrants = ["a.sql"]\ngrant = "x"\n', "did you mean grants"),
    ],
    ids=["empty", "no list", "absolute", "another key"],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, table: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        project(tmp_path, table)
