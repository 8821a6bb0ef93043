"""A fleet on dask.distributed: real scheduler and workers, killed while they work; nothing is lost, nothing is double."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from fix_fleet import CHANGED, EQUAL, Fleet, evidence_in, folders
from fix_outside import Started, wait_until

pytestmark = [pytest.mark.server, pytest.mark.slow]

Start = Callable[..., Started]
NAMES = (*EQUAL[:10], "drift_a1", "drift_c1")


class Dask:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, place: Path, variables: dict[str, str]) -> None:
        self._file = place / "scheduler.json"
        self._environment = {**os.environ, **variables, "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "10s"}
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, *, workers: int) -> str:
        """Start all of them; the scheduler's address."""
        self._file.unlink(missing_ok=True)
        self._begin("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
        wait_until(lambda: self._file.is_file() and self._file.stat().st_size)
        for _ in range(workers):
            self._begin("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "60")
        return str(json.loads(self._file.read_text("utf-8"))["address"])

    def _begin(self, program: str, *arguments: str) -> None:
        dask = str(Path(sys.executable).parent / "dask")
        command = [dask, program, "--scheduler-file", str(self._file), *arguments]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.processes.append(subprocess.Popen(command, env=self._environment, cwd=self._file.parent, **quiet))

    def kill(self, number: int) -> None:
        self.processes[number].send_signal(signal.SIGKILL)
        self.processes[number].wait()

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self.processes.clear()


@pytest.fixture
def dask(fleet: Fleet, tmp_path: Path) -> Iterator[Dask]:
    (tmp_path / "dask").mkdir()
    made = Dask(tmp_path / "dask", fleet.variables)
    yield made
    made.stop()


@contextmanager
def busy(fleet: Fleet, *names: str) -> Iterator[None]:
    """Whoever reads these databases waits."""
    with ExitStack() as stack:
        for name in names:
            lock = stack.enter_context(psycopg.connect(fleet.cluster.conninfo(name)))
            lock.execute("lock table pg_catalog.pg_trigger in access exclusive mode")
        yield


def readers(fleet: Fleet) -> int:
    """How many connections wait for a lock."""
    with psycopg.connect(fleet.cluster.conninfo()) as connection:
        row = connection.execute("select count(*) from pg_stat_activity where wait_event_type = 'Lock'").fetchone()
        assert row is not None
        return int(row[0])


def test_a_killed_worker_loses_nothing_and_doubles_nothing(
    fleet: Fleet, place: Path, saved_side: Path, dask: Dask, start: Start
) -> None:
    address = dask.start(workers=2)
    (place / "targets.txt").write_text(fleet.lines(*NAMES), "utf-8")
    arguments = ("fleet", "run", "--targets", "targets.txt", "--expected", str(saved_side), "--scheduler", address)
    # The client needs no variable: the references are resolved where the targets are read.
    with busy(fleet, *EQUAL[2:4]):
        started = start(*arguments, cwd=place)
        wait_until(lambda: readers(fleet) == 2)
        dask.kill(1)
    assert started.process.wait(timeout=120) == 1, started.err
    (folder,) = folders(place)
    lines = [json.loads(line) for line in (folder / "index.jsonl").read_text("utf-8").splitlines()]
    assert [line["target"] for line in lines] == sorted(NAMES)
    outcomes = {name: each["outcome"] for name, each in evidence_in(folder).items()}
    assert outcomes == {**dict.fromkeys(EQUAL[:10], "equal"), "drift_a1": "blocked", "drift_c1": "covered"}
    assert CHANGED.keys() >= {"drift_a1", "drift_c1"}

    with busy(fleet, EQUAL[2]):
        started = start(*arguments, "--direction", "equal", cwd=place)
        wait_until(lambda: readers(fleet) == 1)
        dask.kill(0)
        assert started.process.wait(timeout=120) == 3
        assert "the connection to the scheduler was lost" in started.err
    newest = next(path for path in folders(place) if path != folder)
    assert not (newest / "statement.json").exists()
    kept = evidence_in(newest)
    assert kept, "what was read is kept"
    dask.stop()
    address = dask.start(workers=1)
    ran = fleet.run(*arguments[1:-1], address, "--direction", "equal", cwd=place)
    assert ran.code == 1, ran.err
    assert f"{len(kept)} of 12 targets have their evidence already" in ran.err
    after = evidence_in(newest)
    assert after.keys() == set(NAMES)
    assert {name: after[name] for name in kept} == kept
    assert len(folders(place)) == 2


def test_a_scheduler_that_is_not_there_is_an_error(fleet: Fleet, place: Path, saved_side: Path) -> None:
    (place / "targets.txt").write_text(fleet.lines(EQUAL[0]), "utf-8")
    arguments = ("--targets", "targets.txt", "--expected", str(saved_side), "--scheduler", "nowhere://127.0.0.1:1")
    ran = fleet.run("run", *arguments, cwd=place)
    assert (ran.code, "the scheduler cannot be reached" in ran.err) == (3, True), ran.err
