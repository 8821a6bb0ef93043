"""A random process of a run is killed at a random moment: the run says so, and decides nothing that it did not see."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fix_demo import SMALL, evidence_of, run_cli
from fix_outside import Started, wait_until
from migration_audit.audit.demo import demo_root

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("MIGRATION_AUDIT_FAULTS", "200")) // 25
"""``make faults`` sets the variable; MIGRATION_AUDIT_SEED repeats one round. One in four is of the demo."""
SEED = int(os.environ.get("MIGRATION_AUDIT_SEED", "1"))


@dataclass(frozen=True)
class Undisturbed:
    """A run in which nothing is killed."""

    config: Path
    variables: dict[str, str]
    code: int
    evidence: dict[str, Any]
    seconds: float


def descendants(started: Started) -> dict[int, str]:
    """Number and command of each process that the command has started, or that these have: kernels, servers, sessions."""
    parents: dict[int, int] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            parents[int(process.name)] = int((process / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
    found = {started.process.pid}
    while more := {number for number, parent in parents.items() if parent in found} - found:
        found |= more
    commands = {}
    for number in found - {started.process.pid}:
        with suppress(OSError):
            commands[number] = Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return {number: command for number, command in commands.items() if command}


def undisturbed(config: Path, variables: dict[str, str], out: Path) -> Undisturbed:
    begun = time.monotonic()
    ran = run_cli("run", "--config", str(config), "--env", "dev", "--out", str(out), **variables)
    return Undisturbed(config, variables, ran.code, evidence_of(out, "dev"), time.monotonic() - begun)


@pytest.fixture(scope="module")
def demo(demo_variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    return undisturbed(demo_root(), demo_variables, tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def small(cluster: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Undisturbed]:
    """A project of one table: the audit does all that it does, and less work."""
    folder, table = tmp_path_factory.mktemp("small"), "create table a (id int primary key);\n"
    for name in ("legacy", "owner"):
        (folder / name).mkdir()
        (folder / name / "1.sql").write_text(table, "utf-8")
    (folder / "audit.toml").write_text(SMALL, "utf-8")
    conninfo = cluster.create_database("small")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(table.encode())
    yield undisturbed(folder, {"SMALL_DEV": conninfo}, folder / "whole")
    cluster.drop_database("small")


@pytest.mark.parametrize("seed", range(SEED, SEED + ROUNDS))
def test_a_killed_process(seed: int, request: pytest.FixtureRequest, start: Callable[..., Started], tmp_path: Path) -> None:
    chosen = random.Random(seed)
    whole: Undisturbed = request.getfixturevalue("demo" if seed % 4 == 1 else "small")
    evidence = whole.evidence
    given = ("--config", str(whole.config), "--env", "dev", "--out", str(tmp_path / "out"))
    started = start("run", *given, **whole.variables)
    moment = time.monotonic() + chosen.uniform(0.1, 0.9) * whole.seconds
    wait_until(lambda: time.monotonic() > moment or started.process.poll() is not None, limit=whole.seconds + 5)
    there = descendants(started)
    killed = ""
    if there:
        number = chosen.choice(sorted(there))
        killed = there[number]
        with suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    ended = started.process.wait(timeout=120)
    assert "Traceback" not in started.err, (killed, started.err)
    if ended == whole.code:
        assert evidence_of(tmp_path / "out", "dev")["checks"] == evidence["checks"], killed
    else:
        assert ended == 3, (killed, ended, started.err)
        reported = started.err + started.out()
        said = ("\n  → ", "could not check", "interrupted", "its kernel ended unexpectedly", "did not finish")
        assert any(words in reported for words in said), (killed, reported)
        whole_of = {check["id"]: check for check in evidence["checks"]}
        for path in (tmp_path / "out").rglob("evidence.json"):
            found = evidence_of(tmp_path / "out", "dev")
            assert found["verdict"] == "incomplete", (killed, path)
            blind = [c for c in found["checks"] if c["outcome"] == "passed" and c != whole_of[c["id"]]]
            assert not blind, (killed, blind)
    wait_until(lambda: not started.processes())
