"""The guard, with ordinary programs in the place of PostgreSQL: it cleans up whatever happens to its caller."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fix_outside import wait_until
from fix_signals import default_signals
from migration_audit.shadow import guard

LIMIT = 20.0
FOREVER = ["sleep", "1000"]


class Watched:
    """A directory with a guard that watches over it."""

    def __init__(self, directory: Path, *, steps: list[list[str]], server: list[str], detached: bool = False) -> None:
        self.directory = directory
        directory.mkdir()
        spec = {
            "account": None,
            "data": str(directory),
            "environment": dict(os.environ),
            "steps": steps,
            "server": server,
            "sandbox": None,
            "detached": detached,
        }
        (directory / "spec.json").write_text(json.dumps(spec), encoding="utf-8")
        with default_signals():
            self.process = subprocess.Popen([sys.executable, "-I", "-S", guard.__file__, directory], stdin=subprocess.PIPE)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def exit(self) -> dict[str, object]:
        found: dict[str, object] = json.loads((self.directory / "exit").read_text(encoding="utf-8"))
        return found

    def child(self) -> int | None:
        """The number of the running child: each writes it to a file first."""
        try:
            return int((self.directory / "pid").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None


def telling(command: str) -> list[str]:
    return ["sh", "-c", f"echo $$ > pid.new; mv pid.new pid; {command}"]


def signalled(number: signal.Signals) -> Callable[[Watched], None]:
    return lambda watched: watched.process.send_signal(number)


@pytest.mark.parametrize(
    "end",
    [Watched.close, signalled(signal.SIGTERM), signalled(signal.SIGINT), signalled(signal.SIGHUP)],
    ids=["end of the pipe", "SIGTERM", "SIGINT", "SIGHUP"],
)
def test_the_server_is_stopped_and_its_directory_removed(tmp_path: Path, end: Callable[[Watched], None]) -> None:
    watched = Watched(tmp_path / "d", steps=[["true"]], server=telling("exec sleep 1000"))
    wait_until(lambda: watched.child() is not None)
    child = watched.child() or 0
    end(watched)
    assert watched.process.wait(LIMIT) == 0
    watched.close()
    assert not watched.directory.exists()
    assert not guard.is_alive(child)


def test_a_step_that_is_running_is_stopped_too(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "d", steps=[telling("exec sleep 1000")], server=FOREVER)
    wait_until(lambda: watched.child() is not None)
    child = watched.child() or 0
    watched.close()
    assert watched.process.wait(LIMIT) == 0
    assert not watched.directory.exists()
    assert not guard.is_alive(child)


@pytest.mark.parametrize(
    ("steps", "server", "program", "status"),
    [([["sh", "-c", "exit 7"]], FOREVER, "sh", 7), ([["true"]], ["sh", "-c", "echo no luck; exit 3"], "sh", 3)],
    ids=["a step", "the server"],
)
def test_what_ends_by_itself_is_reported_and_its_output_kept(
    tmp_path: Path, steps: list[list[str]], server: list[str], program: str, status: int
) -> None:
    watched = Watched(tmp_path / "d", steps=steps, server=server)
    wait_until((watched.directory / "exit").exists)
    assert watched.exit() == {"program": program, "status": status}
    assert watched.process.poll() is None, "the log is still to be read"
    if server is not FOREVER:
        assert "no luck" in (watched.directory / "log").read_text(encoding="utf-8")
    watched.close()
    watched.process.wait(LIMIT)
    assert not watched.directory.exists()


def test_a_server_that_does_not_obey_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "STOP_LIMIT", 0.2)
    ready = tmp_path / "ready"
    stubborn = subprocess.Popen(
        ["sh", "-c", f"trap '' QUIT; touch {ready}; while :; do sleep 1; done"], start_new_session=True
    )
    wait_until(ready.exists)
    guard.stop_postmaster(stubborn.pid, stubborn)
    assert stubborn.wait(LIMIT) == -signal.SIGKILL


def test_a_detached_guard_outlives_its_caller(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "d", steps=[], server=telling("exec sleep 1000"), detached=True)
    wait_until(lambda: watched.child() is not None)
    watched.close()
    with pytest.raises(subprocess.TimeoutExpired):
        watched.process.wait(0.3)
    watched.process.terminate()
    watched.process.wait(LIMIT)
    assert not watched.directory.exists()


def inodes(descriptors: Path) -> set[int]:
    """What a process holds open; a descriptor that it closes meanwhile is not held."""
    held = set()
    for file in descriptors.iterdir():
        with suppress(FileNotFoundError):
            held.add(file.stat().st_ino)
    return held


def test_the_children_do_not_hold_the_callers_pipe(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "d", steps=[], server=telling("exec sleep 1000"))
    wait_until(lambda: watched.child() is not None)
    assert watched.process.stdin is not None
    pipe = os.fstat(watched.process.stdin.fileno()).st_ino
    descriptors = Path(f"/proc/{watched.child()}/fd")
    if not descriptors.exists():
        pytest.skip("this system does not tell which descriptors a process holds")
    assert pipe not in inodes(descriptors)
    watched.close()
    watched.process.wait(LIMIT)


def test_processes_that_end_while_they_are_listed_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel answers ESRCH for the files of such a process, which no question whether a file exists lets pass."""
    stat = os.stat

    def ended(path: Any, *arguments: Any, **options: Any) -> os.stat_result:
        if str(path).startswith("/proc/") and str(path).endswith("/stat"):
            raise ProcessLookupError(errno.ESRCH, "No such process", str(path))
        return stat(path, *arguments, **options)

    with subprocess.Popen(FOREVER) as child:
        monkeypatch.setattr(os, "stat", ended)
        try:
            assert child.pid in guard.descendants()
        finally:
            child.kill()
