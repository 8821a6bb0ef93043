"""A random process of a run is killed at a random moment: the run says so, and decides nothing that it did not see."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from fix_demo import evidence_of, run_cli
from fix_outside import Started, wait_until
from migration_audit.audit.demo import demo_root

ROUNDS = int(os.environ.get("MIGRATION_AUDIT_FAULTS", "200")) // 100
"""``make faults`` sets the variable; MIGRATION_AUDIT_SEED repeats one round."""
SEED = int(os.environ.get("MIGRATION_AUDIT_SEED", "1"))


def descendants(started: Started) -> dict[int, str]:
    """Number and command of each process that the command has started, or that these have."""
    mark = f"TMPDIR={started.temporary}".encode()
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int(process.name) != started.process.pid and mark in (process / "environ").read_bytes().split(b"\0"):
                found[int(process.name)] = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return {number: command for number, command in found.items() if command}


@pytest.fixture(scope="module")
def whole(demo_variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, Any], float]:
    """Exit code, evidence and seconds of a run in which nothing is killed."""
    out = tmp_path_factory.mktemp("whole")
    begun = time.monotonic()
    ran = run_cli("run", "--config", str(demo_root()), "--env", "dev", "--out", str(out), **demo_variables)
    return ran.code, evidence_of(out, "dev"), time.monotonic() - begun


@pytest.mark.parametrize("seed", range(SEED, SEED + ROUNDS))
def test_a_killed_process(
    seed: int,
    whole: tuple[int, dict[str, Any], float],
    start: Callable[..., Started],
    demo_variables: dict[str, str],
    tmp_path: Path,
) -> None:
    chosen = random.Random(seed)
    code, evidence, seconds = whole
    started = start("run", "--config", str(demo_root()), "--env", "dev", "--out", str(tmp_path / "out"), **demo_variables)
    moment = time.monotonic() + chosen.uniform(0.1, 0.9) * seconds
    wait_until(lambda: time.monotonic() > moment or started.process.poll() is not None, limit=seconds + 5)
    there = descendants(started)
    killed = ""
    if there:
        number = chosen.choice(sorted(there))
        killed = there[number]
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    ended = started.process.wait(timeout=120)
    assert "Traceback" not in started.err, (killed, started.err)
    if ended == code:
        assert evidence_of(tmp_path / "out", "dev")["checks"] == evidence["checks"], killed
    else:
        assert ended == 3, (killed, ended, started.err)
        told = started.err + started.out()
        said = ("\n  → ", "could not check", "interrupted", "ended in the middle", "did not reach its end")
        assert any(words in told for words in said), (killed, told)
        whole_of = {check["id"]: check for check in evidence["checks"]}
        for path in (tmp_path / "out").rglob("evidence.json"):
            found = evidence_of(tmp_path / "out", "dev")
            assert found["verdict"] == "incomplete", (killed, path)
            blind = [c for c in found["checks"] if c["outcome"] == "passed" and c != whole_of[c["id"]]]
            assert not blind, (killed, blind)
    wait_until(lambda: not started.processes())
