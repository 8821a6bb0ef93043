"""A command that is stopped in the middle: no server, no kernel and no temporary folder outlives it, and 1 is not said."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from fix_demo import evidence_of, run_cli
from fix_outside import Started, wait_until, write_notebook
from migration_audit.shadow.rundir import remove_stale

pytestmark = pytest.mark.slow

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)


def nothing_is_left(started: Started) -> bool:
    return not started.processes() and not list(started.temporary.iterdir())


@BOTH
def test_in_the_middle_of_the_pre_flight(start, trm, tmp_path, number):
    out = tmp_path / "out"
    started = start("run", "--config", str(trm), "--out", str(out))
    wait_until(started.servers)
    assert started.stop(number) == 3
    assert started.err.splitlines()[-1].startswith("migration-audit: interrupted")
    assert "Traceback" not in started.err
    wait_until(lambda: nothing_is_left(started))
    assert not list(out.rglob("*.json")), "nothing was decided"
    assert not (out / "dev").exists(), "no empty folder is left behind"


@BOTH
def test_in_the_middle_of_the_demo(start, tmp_path, number):
    """Two audits run beside each other, on databases of the command's own."""
    started = start("demo", "--out", str(tmp_path / "out"))
    wait_until(lambda: len(started.servers()) > 2, limit=120)
    assert started.stop(number) == 3
    assert "Traceback" not in started.err
    wait_until(lambda: nothing_is_left(started))


def test_while_environments_are_audited(start, trm, tmp_path):
    """What runs is ended and gets its report, what waits never begins."""
    write_notebook(trm / "notebooks/10_preflight_diff.ipynb", "1")
    write_notebook(
        trm / "notebooks/20_live_catalog.ipynb", "open(run_folder + '.begun', 'w').close()", "import time; time.sleep(300)"
    )
    out = tmp_path / "out"
    started = start("run", "--config", str(trm), "--out", str(out))
    wait_until(lambda: len(list(out.glob("*/*/facts.begun"))) == 2)
    assert started.stop(signal.SIGTERM) == 3
    wait_until(lambda: nothing_is_left(started))
    assert "prod: 20_live" not in started.err
    for environment in ("dev", "stage"):
        evidence = evidence_of(out, environment)
        assert (evidence["verdict"], evidence["complete"]) == ("incomplete", False)
    assert not (out / "prod").exists()


def test_a_kill_leaves_no_process_and_the_next_run_removes_the_rest(start, trm, tmp_path):
    started = start("run", "--config", str(trm), "--out", str(tmp_path / "out"))
    wait_until(started.servers)
    assert started.stop(signal.SIGKILL) == -signal.SIGKILL
    wait_until(lambda: not started.processes())
    assert not list((tmp_path / "out").rglob("evidence.json"))
    remove_stale(started.temporary)  # what every command does before it makes a folder of its own
    assert not list(started.temporary.iterdir())


@BOTH
def test_sql_that_takes_long_is_not_waited_for(start, tmp_path, number):
    (tmp_path / "long.sql").write_text("select 1;\nselect pg_sleep(300);\n")
    (tmp_path / "other.sql").write_text("select pg_sleep(301);\n")
    started = start("compare", str(tmp_path / "long.sql"), str(tmp_path / "other.sql"))
    wait_until(lambda: len(started.servers()) == 2)
    assert started.stop(number) == 3
    wait_until(lambda: nothing_is_left(started))
    assert started.out() == ""


def test_an_interrupted_snapshot_leaves_the_file_as_it_was(start, tmp_path):
    (tmp_path / "long.sql").write_text("select pg_sleep(300);\n")
    file = tmp_path / "before.json"
    file.write_text("precious")
    started = start("snapshot", str(tmp_path / "long.sql"), "-o", str(file))
    wait_until(started.servers)
    assert started.stop(signal.SIGTERM) == 3
    assert file.read_text() == "precious"
    assert {path.name for path in tmp_path.iterdir() if path.is_file()} == {"long.sql", "before.json"}


def test_hanging_up_is_an_interruption_too(start, tmp_path):
    (tmp_path / "long.sql").write_text("select pg_sleep(300);\n")
    started = start("snapshot", str(tmp_path / "long.sql"))
    wait_until(started.servers)
    assert started.stop(signal.SIGHUP) == 3
    wait_until(lambda: nothing_is_left(started))


def test_the_temporary_folder_of_a_finished_command_is_empty(start, tmp_path):
    (tmp_path / "a.sql").write_text("create table a (id int primary key);\n")
    started = start("compare", str(tmp_path / "a.sql"), str(tmp_path / "a.sql"))
    assert started.process.wait(timeout=60) == 0
    wait_until(lambda: nothing_is_left(started))
    assert run_cli("snapshot", str(Path(tmp_path / "a.sql"))).code == 0
