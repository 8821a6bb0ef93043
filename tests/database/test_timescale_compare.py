"""TimescaleDB's settings from one end to the other: two SQL files compared, cross-checked and ported."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migration_audit.cli.compare import compare_sides
from migration_audit.shadow.select import SERVER_VARIABLE

pytestmark = [pytest.mark.server, pytest.mark.timescale, pytest.mark.slow]

SPACES = """
create extension if not exists timescaledb;
set allow_in_place_tablespaces = on;
create tablespace slow location ''; create tablespace slower location '';
create table h (at timestamptz not null, v int);
select create_hypertable('h', by_range('at'));
"""
INTEGERS = """
create extension if not exists timescaledb;
create table h (at bigint not null, dev text, v int);
"""
CASES: dict[str, tuple[str, str, str, str]] = {
    # The expected side has so much more, the difference, and what the port does.
    "tablespaces": (
        SPACES,
        "select attach_tablespace('slow', 'h'); select attach_tablespace('slower', 'h');",
        "1 missing (1 blocker)\n\nmissing  ✕ blocker  hypertable tablespaces  public.h",
        "SELECT public.attach_tablespace('slow', 'public.h', if_not_attached => TRUE);",
    ),
    "one tablespace more": (
        SPACES + "select attach_tablespace('slow', 'h');",
        "select attach_tablespace('slower', 'h');",
        "1 changed (1 blocker)\n\nchanged  ✕ blocker  hypertable tablespaces  public.h",
        "SELECT public.attach_tablespace('slower', 'public.h', if_not_attached => TRUE);",
    ),
    "chunk skipping": (
        INTEGERS,
        """select create_hypertable('h', 'at', chunk_time_interval => 86400000, create_default_indexes => false);
        create function unix_now() returns bigint language sql stable as 'select 1::bigint';
        select set_integer_now_func('h', 'unix_now');
        set timescaledb.enable_chunk_skipping = on;
        select enable_chunk_skipping('h', 'v');""",
        "2 missing (2 blockers)",
        "SET timescaledb.enable_chunk_skipping = on;\nSELECT public.enable_chunk_skipping('public.h', 'v', ",
    ),
}


@pytest.fixture(params=["server", "newest_server"])
def on(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Each server in its turn, as the one that the command line takes."""
    server = request.getfixturevalue(request.param)
    monkeypatch.setenv(SERVER_VARIABLE, server.provider)
    return server


@pytest.mark.usefixtures("on")
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_one_difference_and_a_port_that_is_proven(
    case: tuple[str, str, str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base, more, difference, port = case
    (tmp_path / "a.sql").write_text(base + more)
    (tmp_path / "b.sql").write_text(base)
    sides = str(tmp_path / "a.sql"), str(tmp_path / "b.sql")
    given = {"direction": "covers", "config": None, "progress": lambda _: None}
    assert compare_sides(*sides, form="text", **given) == 1
    text = capsys.readouterr().out
    assert difference in text
    assert "Cross-check: pg_dump agrees" in text
    assert compare_sides(*sides, form="sql", **given) == 1
    text = capsys.readouterr().out
    assert "PROVEN" in text
    assert "NOT PROVEN" not in text
    assert port in text
    assert "SET TABLESPACE" not in text
