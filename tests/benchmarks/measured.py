"""Whole processes, as a user waits for them: from the start to the exit, with everything that they start."""

from __future__ import annotations

import ctypes
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from statistics import median
from typing import IO

import psycopg

PART = 250
_VARIABLES = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Programs that are installed are compiled."""
_PR_SET_CHILD_SUBREAPER = 36
"""Of Linux: a process whose parent has ended gets this one as its parent."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run, or the medians of several."""

    seconds: float
    cpu: float
    """User and system seconds of the process and of those that it waited for: not of servers that run already."""
    megabytes: float
    """The peak of the largest of them."""


def measure(
    command: Sequence[str], *, allowed: Sequence[int] = (0,), output: IO[str] | int = subprocess.DEVNULL, **variables: str
) -> Measured:
    """Run a command once. Raises SystemExit with its messages when it ends otherwise than with an allowed code."""
    with subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, env=_VARIABLES | variables) as process:
        began = time.perf_counter()
        messages = process.stderr.read() if process.stderr else b""
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in allowed:
        sys.stderr.buffer.write(messages)
        raise SystemExit(f"{command[0]} ended with {process.returncode}")
    return Measured(seconds, usage.ru_utime + usage.ru_stime, _megabytes(usage))


def measure_tree(command: Sequence[str], *, allowed: Sequence[int] = (0,), **variables: str) -> Measured:
    """The same with all processes that it leaves to others, such as those of a pool; the sum of their processor time."""
    receiver, sender = os.pipe()
    child = os.fork()
    if child:
        os.close(sender)
        with os.fdopen(receiver, encoding="ascii") as file:
            text = file.read()
        os.waitpid(child, 0)
        if not text:
            raise SystemExit(f"{command[0]} was not measured")
        return Measured(*map(float, text.split()))
    os.close(receiver)
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    found = measure(command, allowed=allowed, **variables)
    cpu, megabytes = found.cpu, found.megabytes
    try:
        while True:
            _, _, usage = os.wait4(-1, 0)
            cpu, megabytes = cpu + usage.ru_utime + usage.ru_stime, max(megabytes, _megabytes(usage))
    except ChildProcessError:
        os.write(sender, f"{found.seconds} {cpu} {megabytes}".encode())
        os._exit(0)


def _megabytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def by_turns(works: Mapping[str, Callable[[], Measured]], *, runs: int) -> dict[str, Measured]:
    """The medians of each work, after one run that does not count: by turns, so that a busy machine is busy for all."""
    taken: dict[str, list[Measured]] = {name: [] for name in works}
    for number in range(runs + 1):
        for name, work in works.items():
            found = work()
            if number:
                taken[name].append(found)
    return {
        name: Measured(*(median(getattr(one, part) for one in found) for part in ("seconds", "cpu", "megabytes")))
        for name, found in taken.items()
    }


def print_rows(title: str, rows: Mapping[str, Measured]) -> None:
    """A table with a line for each work."""
    print(f"\n{title}\n{'work':44} {'seconds':>8} {'its CPU':>8} {'peak':>9}")
    for name, each in rows.items():
        print(f"{name:44} {each.seconds:8.2f} {each.cpu:8.2f} {each.megabytes:6.0f} MB")


def print_goal(what: str, reached: float, goal: float, unit: str = "") -> bool:
    """A line with what is reached and what is the goal; whether it is reached."""
    print(f"{what}: {reached:.2f}{unit} (goal: at most {goal:g}{unit})")
    return reached <= goal


def exponent(small: float, large: float, times: float) -> float:
    """The power of its size that something grows with, when the size grew so many times: 1 is in proportion."""
    return log(large / small) / log(times)


def audit(*arguments: str) -> list[str]:
    """The command line of ``migration-audit`` with this Python."""
    return [sys.executable, "-m", "migration_audit", *arguments]


def table_sql(number: int) -> str:
    """A table with ten columns, three indexes, four constraints and a comment; each refers to the one before it."""
    parent = max(number - 1, 0)
    return (
        f"create table if not exists public.bench_{number} (id bigint primary key,"
        f" parent bigint references public.bench_{parent}, name varchar(64) not null default 'x',"
        " at timestamptz default now(), amount numeric(12, 2) check (amount > 0), is_open boolean not null default false,"
        " note text, tags text[], kind smallint check (kind >= 0), data jsonb);\n"
        f"create index if not exists bench_{number}_name on public.bench_{number} (name, at desc);\n"
        f"create index if not exists bench_{number}_at on public.bench_{number} (at) where is_open;\n"
        f"comment on table public.bench_{number} is 'Table number {number}';\n"
    )


def make_tables(conninfo: str, tables: int) -> None:
    """Make them, a few hundred in one transaction."""
    with psycopg.connect(conninfo) as connection:
        for start in range(0, tables, PART):
            connection.execute("".join(map(table_sql, range(start, min(start + PART, tables)))).encode())
            connection.commit()


def change_tables(conninfo: str) -> None:
    """Make the database differ from its template in two places."""
    with psycopg.connect(conninfo) as connection:
        connection.execute("drop index public.bench_77_at; alter table public.bench_99 alter column name type text")


def write_tables(folder: Path, tables: int) -> None:
    """The same as SQL files."""
    folder.mkdir(parents=True)
    for start in range(0, tables, 1000):
        text = "".join(map(table_sql, range(start, min(start + 1000, tables))))
        (folder / f"{start // 1000 + 1:03}_tables.sql").write_text(text, "utf-8")
