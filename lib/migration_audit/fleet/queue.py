"""Which target is read next: so many at once on each server and in all, failed ones again after a while. Pure."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from migration_audit.fleet.targets import FleetTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTask:
    """One attempt to read a target."""

    target: FleetTarget
    server: str
    """Its host and port, as far as they are known: what limits count by."""
    attempt: int = 1


class TaskQueue:
    """The tasks that wait, by server, and how many are under way."""

    def __init__(self, tasks: Iterable[ReadTask], *, per_server: int, in_all: int) -> None:
        """All of them wait."""
        self._per_server, self._in_all = per_server, in_all
        self._waiting: dict[str, deque[ReadTask]] = {}
        self._turns: deque[str] = deque()
        """Servers with waiting tasks, in the order in which they are asked."""
        self._later: list[tuple[float, int, ReadTask]] = []
        self._put_off = 0
        self._under_way: Counter[str] = Counter()
        self._silent: set[str] = set()
        for task in tasks:
            self._add(task)

    def __len__(self) -> int:
        """How many tasks wait, for their turn or for their time."""
        return sum(map(len, self._waiting.values())) + len(self._later)

    @property
    def under_way(self) -> int:
        """How many tasks were taken and not given back."""
        return self._under_way.total()

    @property
    def next_at(self) -> float | None:
        """When the first task that was put off is due; None where none was."""
        return self._later[0][0] if self._later else None

    def take(self, now: float) -> ReadTask | None:
        """The next task; None while no server may be asked for more, or all tasks are under way or put off."""
        while self._later and self._later[0][0] <= now:
            self._add(heapq.heappop(self._later)[2], is_first=True)  # what was tried is decided before more is tried
        if self.under_way >= self._in_all:
            return None
        for _ in range(len(self._turns)):
            server = self._turns.popleft()
            if self._under_way[server] >= self._limit_of(server):
                self._turns.append(server)
                continue
            tasks = self._waiting[server]
            task = tasks.popleft()
            if tasks:
                self._turns.append(server)
            else:
                del self._waiting[server]
            self._under_way[server] += 1
            return task
        return None

    def give_back(self, task: ReadTask, *, answered: bool) -> None:
        """The task has ended. A server that did not answer is asked for one target at a time until it does."""
        self._under_way[task.server] -= 1
        (self._silent.discard if answered else self._silent.add)(task.server)

    def give_up(self, server: str) -> list[ReadTask]:
        """The tasks of a server that wait, for their turn or for their time: they wait no more."""
        tasks = list(self._waiting.pop(server, ()))
        if tasks:
            self._turns.remove(server)
        tasks += [task for _, _, task in self._later if task.server == server]
        self._later = [each for each in self._later if each[2].server != server]
        heapq.heapify(self._later)
        return tasks

    def put_off(self, task: ReadTask, at: float) -> None:
        """The task waits until its time, and then for its turn."""
        self._put_off += 1
        heapq.heappush(self._later, (at, self._put_off, task))

    def _limit_of(self, server: str) -> int:
        return 1 if server in self._silent else self._per_server

    def _add(self, task: ReadTask, *, is_first: bool = False) -> None:
        if task.server not in self._waiting:
            self._waiting[task.server] = deque()
            self._turns.append(task.server)
        tasks = self._waiting[task.server]
        (tasks.appendleft if is_first else tasks.append)(task)
