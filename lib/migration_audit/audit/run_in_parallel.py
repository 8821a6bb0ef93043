"""Several things at the same time, two at most, and an end to them when the caller is interrupted; progress."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from migration_audit.shadow.rundir import Descriptors

Item = TypeVar("Item")
Result = TypeVar("Result")

_AT_ONCE = 2


def run_in_parallel(
    function: Callable[[Item], Result], items: Iterable[Item], *, meanwhile: Callable[[], object] = lambda: None
) -> list[Result]:
    """The results in the order of the items; the first exception of one of them is raised when all have ended.

    ``meanwhile`` is run in the caller's thread, which would only wait.

    Python cannot interrupt a thread that waits for a server. So when the caller is interrupted, the private clusters of this
    process are stopped, which ends what waits for them, and only then the interruption goes on.
    """
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool, _signals() as arrived:
        jobs: list[Future[Result]] = []
        try:
            for item in items:
                jobs.append(pool.submit(function, item))  # noqa: PERF401  what was begun is known if this is interrupted
            meanwhile()
            while not arrived and wait(jobs, timeout=1.0).not_done:
                pass
            if arrived:
                raise KeyboardInterrupt  # noqa: TRY301
            return [job.result() for job in jobs]
        except KeyboardInterrupt:
            while [job for job in jobs if not job.cancel() and not job.done()]:
                Descriptors.close_all()  # again: one may just have been started
                wait(jobs, timeout=0.1)
            raise


@contextmanager
def _signals() -> Iterator[list[int]]:
    """The signals that arrive meanwhile, although their handlers have raised KeyboardInterrupt.

    Python drops an exception that is raised in a callback of its own, as there are many while modules are imported.
    """
    arrived: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield arrived
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

    def noted(number: int, frame: FrameType | None) -> None:
        arrived.append(number)
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    handled = [number for number, handler in before.items() if callable(handler)]
    for number in handled:
        signal.signal(number, noted)
    try:
        yield arrived
    finally:
        for number in handled:
            signal.signal(number, before[number])


def on_stderr(line: str) -> None:
    """A line where the program's own messages go: an installation, or what was taken without being named."""
    sys.stderr.write(f"· {line}\n")
    sys.stderr.flush()
