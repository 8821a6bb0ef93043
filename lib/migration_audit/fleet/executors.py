"""Where targets are read: the small interface that all executors have, and the processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import connection
from typing import Protocol

from migration_audit.fleet.queue import ReadTask
from migration_audit.fleet.read_target import FleetContext, ReadAttempt, project_in, read_target, snapshot_of


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedTask:
    """A task that is under way no more."""

    task: ReadTask
    attempt: ReadAttempt | None
    """None where the process that worked on it ended before it had a result."""


class Executor(Protocol):
    """Reads targets somewhere, several at a time."""

    slots: int
    """How many tasks it can work on at once."""

    def submit(self, task: ReadTask) -> None:
        """Start to work on the task."""

    def ended(self, seconds: float | None) -> Sequence[EndedTask]:
        """The tasks that have ended since; waits for one, at most so long. Raises AuditError where it can do no more."""

    def close(self) -> None:
        """Stop at once, tasks in progress included."""


class LocalPool:
    """Processes of this machine: comparing takes as long as reading, and threads would take turns."""

    def __init__(self, context: FleetContext, *, slots: int) -> None:
        """``slots`` processes, started when they are needed."""
        self.slots = slots
        self._context = context
        self._pool = self._new_pool()
        self._under_way: dict[Future[ReadAttempt], ReadTask] = {}

    def submit(self, task: ReadTask) -> None:
        """Hand it to a process."""
        try:
            future = self._pool.submit(_read, task)
        except BrokenProcessPool:
            future = Future()
            future.set_exception(BrokenProcessPool())
        self._under_way[future] = task

    def ended(self, seconds: float | None) -> list[EndedTask]:
        """Those that have ended; where a process was killed, all that were under way."""
        done, _ = wait(self._under_way, timeout=seconds, return_when=FIRST_COMPLETED)
        found, is_broken = [], False
        for future in done:
            task = self._under_way.pop(future)
            try:
                found.append(EndedTask(task=task, attempt=future.result()))
            except BrokenProcessPool:
                is_broken = True
                found.append(EndedTask(task=task, attempt=None))
        if is_broken:
            found += [EndedTask(task=task, attempt=None) for task in self._under_way.values()]
            self._under_way.clear()
            self._pool.shutdown(cancel_futures=True)
            self._pool = self._new_pool()
        return found

    def close(self) -> None:
        """End the processes; what they read is read again by the next start."""
        processes = list((getattr(self._pool, "_processes", None) or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()

    def _new_pool(self) -> ProcessPoolExecutor:
        # Forked from a process without threads and connections, which has imported everything.
        method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
        how = multiprocessing.get_context(method)
        if method == "forkserver":
            how.set_forkserver_preload([__name__])
        return ProcessPoolExecutor(self.slots, mp_context=how, initializer=_prepare, initargs=(self._context,))


_context: FleetContext


def _prepare(context: FleetContext) -> None:
    """In each process, once: the expected side. Ctrl-C is for the process that started it."""
    global _context  # noqa: PLW0603  what a process is for
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _context = context
    snapshot_of(context)
    project_in(context)


def _end_with_parent() -> None:
    """A process that is killed takes none of its workers with it: each of them waits for work forever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _read(task: ReadTask) -> ReadAttempt:
    return read_target(_context, task)
