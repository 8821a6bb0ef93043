"""Targets read by the workers of a dask.distributed scheduler, on as many machines as it has."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from typing import Any, Final
from uuid import uuid4

from migration_audit import __version__
from migration_audit.fleet.executors import EndedTask
from migration_audit.fleet.queue import ReadTask
from migration_audit.fleet.read_target import FleetContext, ReadAttempt, read_target, unchecked_evidence
from migration_audit.model.errors import AuditError, UsageError

try:
    import distributed
    from distributed import WorkerPlugin
except ModuleNotFoundError:
    todo = "pip install 'migration-audit[dask]', here and on the workers"
    raise UsageError("dask.distributed is not installed", where="--scheduler", todo=todo) from None

_REACH_LIMIT: Final = 30
"""Seconds to reach the scheduler."""
_CLOSE_LIMIT: Final = 5
"""Seconds to disconnect from the scheduler, which may have ended."""
_LOOK_EVERY: Final = 5.0
"""Seconds after which a wait is interrupted, to see whether there is a worker at all."""
_WITHOUT_WORKERS: Final = 120.0
"""Seconds without any worker after which the run stops waiting for one."""
_AGAIN: Final = "start the same command again: it continues where it stopped"


class ContextPlugin(WorkerPlugin):  # type: ignore[misc]  # distributed is not typed
    """Gives the context to each worker, also to those that come later: no task has to carry it, and none can lose it."""

    idempotent = True

    def __init__(self, context: FleetContext) -> None:
        """The context of one fleet run."""
        self.name = f"migration-audit-{context.run}"
        self._context = context

    def setup(self, worker: Any) -> None:
        """In each worker, before its first task."""
        del worker
        _contexts[self._context.run] = self._context

    def teardown(self, worker: Any) -> None:
        """In each worker, when the fleet run has ended."""
        del worker
        _contexts.pop(self._context.run, None)


_contexts: dict[str, FleetContext] = {}


def read_on_worker(run: str, task: ReadTask, version: str) -> ReadAttempt:
    """The work of a worker; one with another version of this program may judge differently, and checks nothing."""
    context = _contexts[run]
    if version != __version__:
        reason = f"the worker has version {__version__} of migration-audit, and the fleet run {version}"
        return ReadAttempt(evidence=unchecked_evidence(context, task, reason))
    return read_target(context, task)


class _Client(distributed.Client):  # type: ignore[misc]
    """A client that is closed by its creator: one without a scheduler would wait for a minute to close itself."""

    def __del__(self) -> None:
        """Do nothing."""


class DaskWorkers:
    """The workers of one scheduler. It moves tasks of a worker that ends to others; a task is one result, never two."""

    def __init__(self, context: FleetContext, *, address: str) -> None:
        """Raises AuditError where the scheduler cannot be reached, or has no worker with this program."""
        self._address, self._context = address, context
        try:
            self._client: Any = _Client(address, timeout=_REACH_LIMIT, set_as_default=False)
        except (OSError, ValueError) as error:
            todo = "check the address (tcp://HOST:8786) and that the scheduler is up"
            raise AuditError(f"the scheduler cannot be reached: {error}", where=address, todo=todo) from None
        try:
            self._client.wait_for_workers(1, timeout=_WITHOUT_WORKERS)
            self._client.register_plugin(ContextPlugin(context))
        except Exception as error:
            self._client.close(timeout=_CLOSE_LIMIT)
            todo = "check that it has workers, and that migration-audit is installed on each and on the scheduler"
            raise AuditError(f"the workers cannot be used: {error}", where=address, todo=todo) from None
        workers = self._client.scheduler_info(n_workers=-1)["workers"].values()
        # One more waits at each worker, so that none has to wait for the way there.
        self.slots = max(1, 2 * sum(worker["nthreads"] for worker in workers))
        self._under_way: dict[Any, ReadTask] = {}
        self._keys: Iterator[str] = (f"fleet-{uuid4().hex}-{number}" for number in count())
        self._seen = time.monotonic()

    def submit(self, task: ReadTask) -> None:
        """Hand it to the scheduler."""
        future = self._client.submit(read_on_worker, self._context.run, task, __version__, key=next(self._keys), pure=False)
        self._under_way[future] = task

    def ended(self, seconds: float | None) -> list[EndedTask]:
        """Those that have ended; a task whose workers ended again and again has no result."""
        done = self._wait(_LOOK_EVERY if seconds is None else min(seconds, _LOOK_EVERY))
        found = []
        for future in done:
            task = self._under_way.pop(future)
            found.append(EndedTask(task=task, attempt=self._result(future, task)))
        return found

    def close(self) -> None:
        """Take back what is under way; the scheduler and its workers go on for others."""
        try:
            if self._client.status == "running":
                self._client.cancel(list(self._under_way))
                self._client.unregister_worker_plugin(f"migration-audit-{self._context.run}")
        except Exception:  # noqa: S110  the scheduler has ended: there is nothing to cancel
            pass
        with suppress(TimeoutError):
            self._client.close(timeout=_CLOSE_LIMIT)

    def _wait(self, seconds: float) -> list[Any]:
        try:
            with self._client.as_current():
                waited = distributed.wait(list(self._under_way), timeout=seconds, return_when="FIRST_COMPLETED")
        except TimeoutError:
            self._check_workers()
            return []
        except distributed.CancelledError:
            raise self._lost() from None
        self._seen = time.monotonic()
        return list(waited.done)

    def _result(self, future: Any, task: ReadTask) -> ReadAttempt | None:
        try:
            result: ReadAttempt = future.result(timeout=_REACH_LIMIT)
        except distributed.KilledWorker:
            return None
        except (distributed.CancelledError, TimeoutError):
            raise self._lost() from None
        except Exception as error:  # of this worker: the others go on
            reason = f"the worker failed: {type(error).__name__}: {error}"
            return ReadAttempt(evidence=unchecked_evidence(self._context, task, reason), may_succeed_later=True)
        return result

    def _check_workers(self) -> None:
        if self._client.status != "running":
            raise self._lost()
        if self._client.nthreads():
            self._seen = time.monotonic()
        elif time.monotonic() - self._seen > _WITHOUT_WORKERS:
            what = f"the scheduler has had no worker for {_WITHOUT_WORKERS:.0f} s"
            raise AuditError(what, where=self._address, todo=_AGAIN)

    def _lost(self) -> AuditError:
        return AuditError("the connection to the scheduler was lost", where=self._address, todo=_AGAIN)
