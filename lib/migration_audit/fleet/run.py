"""A fleet run from its beginning, or from where it stopped, to its end; and one whose parts several machines have read."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from migration_audit.audit.facts.files import write_atomically
from migration_audit.fleet.evidence import TargetEvidence, TargetOutcome
from migration_audit.fleet.executors import EndedTask, Executor
from migration_audit.fleet.finish import finish_run, sum_up
from migration_audit.fleet.queue import ReadTask, TaskQueue
from migration_audit.fleet.store import EXPECTED, PlannedRun, RunFolder, new_run, newest_folder, open_folder, read_file
from migration_audit.fleet.summary import FleetSummary
from migration_audit.fleet.targets import UNKNOWN, FleetTarget, Shard, parse_shard, targets_digest
from migration_audit.fleet.verify import check_unchanged, verify_folder
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.evidence import CLOCKS
from migration_audit.model.progress import Progress
from migration_audit.model.signoff import failures

_SILENT: Final = 3
"""Targets of one server in a row without an answer, after which the others of that server are not tried."""
_EVERY: Final = 5.0
"""Seconds between two lines about how far a run is."""


class Clock:
    """The clock of this machine; tests have one of their own."""

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()

    def now(self) -> datetime:
        """The time of day, in UTC."""
        return datetime.now(UTC).replace(microsecond=0)

    def sleep(self, seconds: float) -> None:
        """Come back so many seconds later."""
        time.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much is asked of servers, and how often."""

    per_server: int
    """Connections at once to one host and port."""
    in_all: int
    """Connections at once."""
    attempts: int = 3
    """How often a target is tried whose server is down, busy or starting."""
    retry_after: float = 2.0
    """Seconds before the second attempt; each further one waits twice as long as the one before."""
    max_age: timedelta | None = None
    """Evidence that is older is read again."""


def run_fleet(
    planned: PlannedRun,
    *,
    out: Path,
    expected: bytes,
    servers: Callable[[FleetTarget], str],
    limits: Limits,
    executor: Callable[[int], Executor],
    unchecked: Callable[[ReadTask, str], TargetEvidence],
    say: Progress,
    producer_key: Path | None = None,
    clock: Clock | None = None,
) -> tuple[RunFolder, FleetSummary]:
    """Read what is missing and sum up; the folder, and what was found.

    What is missing: targets without evidence, those that could not be checked, and those whose evidence is too old. What was
    signed stays as it is: then a new folder is made, with the evidence that is still good. ``servers`` says where a target
    is; ``executor`` is called with how many tasks may be under way; ``unchecked`` makes the evidence of a target that no
    executor could read. Raises AuditError where the run cannot finish, and what was read until then stays saved; and where
    the folder was changed since.
    """
    clock = clock or Clock()
    with ExitStack() as stack:
        folder = newest_folder(out, planned)
        if folder is None:
            folder = new_run(out, planned, expected, clock.now())
        stack.enter_context(folder.locked())
        check_unchanged(folder, expected, now=clock.now())
        missing = list(_missing(folder, limits, clock))
        if folder.is_finished and not missing:
            say(f"every target of this fleet run has its evidence already: {folder.path}")
            folder.sign_as_producer(producer_key)
            return folder, sum_up(folder, now=clock.now())
        if folder.is_finished and folder.is_signed:
            people = tuple(sorted({*folder.planned.people, *planned.people}))
            before, folder = folder, new_run(out, replace(planned, people=people), expected, clock.now())
            stack.enter_context(folder.locked())
            _copy_evidence(before, folder, without={target.name for target in missing})
        folder.reopen(planned.people)
        if len(missing) < len(planned.targets):
            say(f"{len(planned.targets) - len(missing):,} of {len(planned.targets):,} targets have their evidence already")
        if missing:
            in_all = min(limits.in_all, len(missing))
            tasks = [ReadTask(target=target, server=servers(target)) for target in missing]
            started = stack.enter_context(closing(executor(in_all)))
            queue = TaskQueue(tasks, per_server=limits.per_server, in_all=min(in_all, started.slots))
            count = TargetCount(len(missing), now=clock.monotonic(), say=say)
            reading = _Reading(queue=queue, executor=started, limits=limits, clock=clock, unchecked=unchecked)
            for evidence in reading.read_all():
                folder.write(evidence)
                count.add(evidence.outcome, clock.monotonic())
        summary = finish_run(folder, now=clock.now())
        folder.sign_as_producer(producer_key)
        return folder, summary


def merge_parts(
    places: Sequence[Path], *, out: Path, producer_key: Path | None, now: datetime
) -> tuple[RunFolder, FleetSummary]:
    """All of the fleet run, in a separate folder, and what was found.

    Raises UsageError where the folders are not all parts of one fleet run, and AuditError for a part that is not what its
    statement says.
    """
    parts = {shard.number: folder for shard, folder in _checked_parts([open_folder(place) for place in places])}
    folders = [parts[number] for number in sorted(parts)]
    for folder in folders:
        if wrong := failures(verify_folder(folder, now=now)):
            raise AuditError(
                wrong[0].text, where=str(folder.path), todo="`migration-audit fleet verify` shows what is wrong"
            )
    targets = tuple(sorted(target for folder in folders for target in folder.planned.targets))
    plan = folders[0].planned.plan
    if targets_digest(targets) != plan.targets:
        raise AuditError("the parts together are not the list of targets", where="fleet merge", todo="read the parts again")
    whole = PlannedRun(
        plan=plan,
        shard=None,
        targets=targets,
        in_all=len(targets),
        commits=folders[0].planned.commits,
        people=tuple(sorted({name for folder in folders for name in folder.planned.people})),
    )
    expected = read_file(folders[0].path / EXPECTED) or b""
    merged = newest_folder(out, whole)
    if merged is None or merged.is_finished:
        merged = new_run(out, whole, expected, now)
    with merged.locked():
        check_unchanged(merged, expected, now=now)
        for folder in folders:
            _copy_evidence(folder, merged, without=frozenset())
        summary = finish_run(merged, now=now)
        merged.sign_as_producer(producer_key)
        return merged, summary


class TargetCount:
    """Counts targets, and prints the count from time to time."""

    def __init__(self, total: int, *, now: float, say: Progress) -> None:
        """``total`` targets are to be read from now on."""
        self._total, self._began, self._say = total, now, say
        self._printed_at = now
        self._outcomes: Counter[TargetOutcome] = Counter()

    def add(self, outcome: TargetOutcome, now: float) -> None:
        """One more target has its evidence."""
        self._outcomes[outcome] += 1
        if now - self._printed_at >= _EVERY:
            self._printed_at = now
            self._say(_progress_line(self._outcomes, self._total, now - self._began))


def _progress_line(outcomes: Counter[TargetOutcome], total: int, seconds: float) -> str:
    """``412 of 2,000 targets read, 8.2 a second, about 3 min left: 12 blocked, 1 could not check``.

    >>> _progress_line(Counter({TargetOutcome.EQUAL: 400, TargetOutcome.BLOCKED: 12}), 2000, 50)
    '412 of 2,000 targets read, 8.2 a second, about 4 min left: 12 blocked'
    """
    done = outcomes.total()
    rate = done / seconds if seconds else 0.0
    left = f", {rate:.1f} a second, about {_duration((total - done) / rate)} left" if rate and done < total else ""
    wrong = [f"{outcomes[o]:,} {o}" for o in (TargetOutcome.BLOCKED, TargetOutcome.UNCHECKED) if outcomes[o]]
    return f"{done:,} of {total:,} targets read{left}" + (f": {', '.join(wrong)}" if wrong else "")


def _duration(seconds: float) -> str:
    """In the largest unit that makes two digits of it, rounded up.

    >>> [_duration(s) for s in (0.2, 59, 90, 5400, 9000)]
    ['1 s', '59 s', '90 s', '90 min', '3 h']
    """
    for size, unit in ((1, "s"), (60, "min"), (3600, "h")):
        count = -(-seconds // size)
        if count < 100:
            return f"{max(int(count), 1)} {unit}"
    return f"{int(-(-seconds // 3600))} h"


def _missing(folder: RunFolder, limits: Limits, clock: Clock) -> Iterator[FleetTarget]:
    now = clock.now()
    oldest = now - limits.max_age if limits.max_age is not None else None
    for target in folder.planned.targets:
        evidence = folder.evidence(target.name)
        if (
            evidence is None
            or evidence.outcome is TargetOutcome.UNCHECKED
            or evidence.read_at > now + CLOCKS
            or (oldest and evidence.read_at < oldest)
        ):
            yield target


def _copy_evidence(source: RunFolder, into: RunFolder, *, without: Collection[str]) -> None:
    for target in source.planned.targets:
        if target.name not in without:
            write_atomically(into.evidence_file(target.name), read_file(source.evidence_file(target.name)) or b"")


@dataclass(slots=True, kw_only=True)
class _Reading:
    """Targets that are read until each has its evidence."""

    queue: TaskQueue
    executor: Executor
    limits: Limits
    clock: Clock
    unchecked: Callable[[ReadTask, str], TargetEvidence]
    silent: Counter[str] = field(default_factory=Counter)
    """How many targets of each server got no answer, one after the other."""

    def read_all(self) -> Iterator[TargetEvidence]:
        """The evidence of each target, once."""
        queue, clock = self.queue, self.clock
        while queue or queue.under_way:
            while (task := queue.take(clock.monotonic())) is not None:
                self.executor.submit(task)
            due = queue.next_at
            wait = None if due is None else max(0.0, due - clock.monotonic())
            if not queue.under_way:
                clock.sleep(wait or 0.0)
                continue
            for ended in self.executor.ended(wait):
                yield from self._settled(ended)
                yield from self._given_up(ended)

    def _settled(self, ended: EndedTask) -> Iterable[TargetEvidence]:
        """The evidence of a target that will not be tried again."""
        task, attempt = ended.task, ended.attempt
        is_last = task.attempt >= self.limits.attempts
        self.queue.give_back(task, answered=attempt is None or not attempt.may_succeed_later)
        if attempt is not None and (is_last or not attempt.may_succeed_later):
            return [attempt.evidence]
        if is_last:
            return [self.unchecked(task, f"the process that read it ended {task.attempt} times before it had a result")]
        delay = self.limits.retry_after * 2 ** (task.attempt - 1) if attempt is not None else 0.0
        self.queue.put_off(replace(task, attempt=task.attempt + 1), self.clock.monotonic() + delay)
        return []

    def _given_up(self, ended: EndedTask) -> Iterator[TargetEvidence]:
        """The evidence of the other targets of a server that does not answer: each would wait as long as those before it."""
        task, attempt = ended.task, ended.attempt
        if attempt is None or not attempt.is_unanswered:
            self.silent[task.server] = 0
        elif task.attempt >= self.limits.attempts:
            self.silent[task.server] += 1
        if self.silent[task.server] >= _SILENT and task.server != UNKNOWN and attempt is not None:
            last = attempt.evidence.reason
            why = f"not tried: {_SILENT} other targets of {task.server} got no answer, the last one: {last}"
            for each in self.queue.give_up(task.server):
                yield self.unchecked(each, why)


def _checked_parts(folders: Sequence[RunFolder]) -> list[tuple[Shard, RunFolder]]:
    if len({folder.planned.plan.run for folder in folders}) != 1:
        todo = "each part needs the same expected side, list of targets, direction, settings and version"
        raise UsageError("the folders are parts of different fleet runs", where="fleet merge", todo=todo)
    found = []
    for folder in folders:
        if folder.planned.shard is None:
            raise UsageError("is not a part of a fleet run", where=str(folder.path), todo="name folders of --shard I/N")
        found.append((parse_shard(folder.planned.shard), folder))
    of = {shard.of for shard, _ in found}
    numbers = [shard.number for shard, _ in found]
    if len(of) > 1 or len(set(numbers)) < len(numbers):
        todo = "name one folder for each part; all parts must have the same N in --shard I/N"
        raise UsageError("the folders are not the different parts of one fleet run", where="fleet merge", todo=todo)
    missing = sorted(set(range(1, of.pop() + 1)) - set(numbers))
    if missing:
        what = f"parts are missing: {', '.join(f'{number}/{found[0][0].of}' for number in missing)}"
        raise UsageError(what, where="fleet merge", todo="read them first: fleet run --shard I/N")
    return found
