"""The port, made and proven: applied to a fresh server after the owner's SQL, and compared again."""

from __future__ import annotations

import bisect
import hashlib
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from migration_audit import catalog, shadow, sources
from migration_audit.audit.coverage import Coverage
from migration_audit.compare import Rules, compare
from migration_audit.model.command import AnySource, CommandSource
from migration_audit.model.drift import Difference, DiffVerdict, Drift
from migration_audit.model.errors import AuditError
from migration_audit.model.finding import Severity, Unavailable, first_unavailable
from migration_audit.model.identifiers import quoted
from migration_audit.model.objects import Key
from migration_audit.model.port import Port, PortProof, PortStep, ProofOutcome, SavedPort
from migration_audit.model.preflight import OriginMap
from migration_audit.model.snapshot import RolesRead, Snapshot
from migration_audit.model.sql import Applied, SqlFailure, SqlSource
from migration_audit.port import build_port, port_text, running_lines, running_sql
from migration_audit.project import Project
from migration_audit.shadow.apply import apply_sources
from migration_audit.shadow.prepared import CopiedDatabase

_ROUNDS = 3
"""How often steps that the server refuses are left to a person before the rest is tried again."""
_MOST_FAILURES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class PortTask:
    """What a port is to make covered, and by which rules that is judged."""

    drift: Drift
    expected: Snapshot
    actual: Snapshot
    origins: OriginMap
    """Of the expected side."""
    rules: Rules
    applied_by: str | None = None
    """As ``compare`` takes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadePort:
    """A port and its proof."""

    port: Port
    proof: PortProof
    origins: OriginMap

    def text(self, *, expected: str, actual: str) -> str:
        """The file, or comments alone where it is not offered; the sides are named in its head."""
        return port_text(self.port, self.proof, expected=expected, actual=actual, origins=self.origins)


def _make_port(about: PortTask, *why: str) -> MadePort:
    """The port, not proven, and ``why`` it could not be."""
    port = build_port(about.drift, expected=about.expected, actual=about.actual, origins=about.origins)
    return MadePort(port=port, proof=PortProof(outcome=ProofOutcome.UNTRIED, reasons=why), origins=about.origins)


def proven(
    about: PortTask,
    *,
    server: shadow.ShadowServer,
    owner: Sequence[AnySource],
    applied: tuple[CopiedDatabase, Applied] | None = None,
) -> MadePort:
    """The port after it was applied to fresh shadows of the owner's SQL, copies of ``applied`` where there can be.

    What the server refuses is left to a person, and so is what is done to an object without making it right; the rest is
    tried again. What the server cannot do at all is a reason, not an exception.
    """
    made = _make_port(about)
    try:
        for number in range(_ROUNDS):
            if not made.port.running:
                why = "none of the missing objects can be written as SQL that is safe to run without review"
                return replace(made, proof=PortProof(outcome=ProofOutcome.REFUTED, reasons=(why, *_remaining(about.drift))))
            with _owners_database(server, owner, applied, f"port{number}") as found:
                proof, unsettled = _tried(made.port, about, *found, server=server)
            made = replace(made, proof=proof)
            if not (proof.failed or unsettled):
                break
            made = replace(made, port=_left_to_person(made.port, proof, unsettled))
    except AuditError as error:
        return replace(made, proof=PortProof(outcome=ProofOutcome.UNTRIED, reasons=(str(error),)))
    return made


def _left_to_person(port: Port, proof: PortProof, unsettled: Collection[Key]) -> Port:
    running = list(port.running)
    for number, message in proof.failed:
        running[number] = replace(running[number], for_person=f"the server refused it: {message}")
    why = "it runs, but is not sufficient: it depends on what a person has to decide"
    running = [replace(step, for_person=why) if step.about in unsettled else step for step in running]
    return Port(steps=(*running, *port.for_person))


@contextmanager
def _owners_database(
    server: shadow.ShadowServer,
    owner: Sequence[AnySource],
    applied: tuple[CopiedDatabase, Applied] | None,
    name: str,
) -> Iterator[tuple[shadow.Cluster, str, Applied]]:
    """A database with the owner's SQL in it, and what applying it gave."""
    copy = applied[0].copy(name) if applied else None
    if applied and copy:
        yield applied[0].cluster, copy, applied[1]
        return
    with server.cluster(tcp=any(isinstance(each, CommandSource) for each in owner)) as cluster:
        conninfo = cluster.create_database("port")
        yield cluster, conninfo, apply_sources(conninfo, owner).applied


def _tried(
    port: Port, about: PortTask, cluster: shadow.Cluster, conninfo: str, before: Applied, *, server: shadow.ShadowServer
) -> tuple[PortProof, frozenset[Key]]:
    """What came of it, and the objects that steps are about and which do not come out right."""
    if before.failure:
        why = f"the owner's SQL no longer applies: {before.failure.at}: {before.failure.message}"
        return PortProof(outcome=ProofOutcome.UNTRIED, reasons=(why,)), frozenset()
    text, starts = running_lines(port)
    source = _source(text)
    first, roles = _apply(conninfo, source)
    again, _ = _apply(conninfo, source) if not first else ((), ())
    # A role that the owner's SQL uses without creating it was created beforehand: not where the port creates it.
    made = {step.about[1] for step in port.running if step.about[0] == "role"}
    assumed = [role for role in (*before.assumed_roles, *roles) if quoted(role) not in made]
    own = RolesRead.OWN if cluster.is_private else RolesRead.NONE
    snapshot = catalog.read_snapshot(conninfo, roles=own, assumed_roles=assumed).snapshot
    drift = compare(expected=about.expected, actual=snapshot, rules=about.rules, expected_applied_by=about.applied_by)
    failed = _by_step([*first, *again], starts)
    reasons = [f"{running.about[0]} {running.about[1]}: {m}" for n, m in failed for running in [port.running[n]]]
    if again:
        reasons.insert(0, "it cannot be applied a second time")
    unsettled = frozenset() if drift.covered else _unsettled(port, drift, before=about.drift)
    outcome = ProofOutcome.REFUTED if failed or unsettled else _outcome(drift, before=about.drift)
    proof = PortProof(
        outcome=outcome,
        reasons=() if outcome is ProofOutcome.PROVEN else (*reasons, *_remaining(drift)),
        server=shadow.described(server),
        failed=failed,
        assumed_roles=tuple(sorted(set(roles) - set(before.assumed_roles))),
    )
    return proof, unsettled


def _unsettled(port: Port, after: Drift, *, before: Drift) -> frozenset[Key]:
    """The objects that steps are about and that still block; one that the port makes, also by what belongs to it."""
    made = {(d.kind, d.key) for d in before.differences if d.verdict is DiffVerdict.MISSING}
    owners = {(d.kind, d.key): d.present_object.belongs_to for d in after.differences}
    left = {(d.kind, d.key) for d in after.differences if _blocks(d)}
    pending = list(left)
    while pending:
        owner = owners.get(pending.pop())
        if owner in made and owner not in left:
            left.add(owner)
            pending.append(owner)
    return frozenset(step.about for step in port.running) & left


def _outcome(after: Drift, *, before: Drift) -> ProofOutcome:
    """What a port that applies amounts to: partial where nothing blocks that did not block before."""
    if after.covered:
        return ProofOutcome.PROVEN
    blocked, left = ({(d.kind, d.key) for d in drift.differences if _blocks(d)} for drift in (before, after))
    unseen = after.unmodelled_actual == before.unmodelled_actual and after.unmodelled_expected == before.unmodelled_expected
    return ProofOutcome.PARTIAL if left <= blocked and unseen else ProofOutcome.REFUTED


def _source(text: str) -> SqlSource:
    """The port, read back from a file as psql would read it."""
    with tempfile.TemporaryDirectory(prefix="migration-audit-port-") as folder:
        path = Path(folder) / "port.sql"
        path.write_text(text, encoding="utf-8")
        return sources.load_source("port", [path], shown_from=Path(folder))


def _apply(conninfo: str, source: SqlSource) -> tuple[tuple[SqlFailure, ...], tuple[str, ...]]:
    """What failed, going on after each failure so that all of them are reported; and the roles that were assumed."""
    failures: list[SqlFailure] = []
    roles: list[str] = []
    (file,) = source.files
    head = file.statements[:1] if file.statements[0].text.startswith("SET ") else ()
    rest = file.statements
    while rest and len(failures) < _MOST_FAILURES:
        applied = apply_sources(conninfo, [replace(source, files=(replace(file, statements=rest),))]).applied
        roles += applied.assumed_roles
        if applied.failure is None:
            break
        failures.append(applied.failure)
        at = next(n for n, statement in enumerate(rest) if statement.at == applied.failure.at)
        rest = (*head, *rest[at + 1 :]) if rest[at + 1 :] else ()
    return tuple(failures), tuple(roles)


def apply_port(conninfo: str, port: Port) -> tuple[tuple[PortStep, str], ...]:
    """Apply all steps that run, going on after each that fails; those that failed, each with the server's message."""
    text, starts = running_lines(port)
    if not text:
        return ()
    failures, _ = _apply(conninfo, _source(text))
    return tuple((port.running[number], message) for number, message in _by_step(failures, starts))


def _by_step(failures: Iterable[SqlFailure], starts: tuple[int, ...]) -> tuple[tuple[int, str], ...]:
    """The first message of each step that failed."""
    found: dict[int, str] = {}
    for failure in failures:
        found.setdefault(max(bisect.bisect_right(starts, failure.at.line) - 1, 0), failure.message)
    return tuple(sorted(found.items()))


def _remaining(drift: Drift) -> tuple[str, ...]:
    """What blocks coverage, each in a line."""
    lines = [_described(d) for d in drift.differences if _blocks(d) and d.part_of is None]
    lines += [f"{u.kind} {u.identity} is of a kind that the audit cannot compare" for u in drift.unmodelled_expected]
    return (
        *lines,
        *(f"{u.kind} {u.identity} (owner) is of a kind that the audit cannot compare" for u in drift.unmodelled_actual),
    )


def _blocks(difference: Difference) -> bool:
    return difference.verdict is not DiffVerdict.UNEXPECTED and difference.severity is Severity.BLOCKER


def _described(difference: Difference) -> str:
    names = ", ".join(change.name for change in difference.fields if change.severity is Severity.BLOCKER)
    return f"{difference.kind} {difference.key} is {difference.verdict}" + (f": {names}" if names else "")


def preflight_port(
    project: Project,
    coverage: Coverage,
    *,
    server: shadow.ShadowServer,
    owner: Sequence[AnySource],
    origins: OriginMap,
    rules: Rules,
    applied: tuple[CopiedDatabase, Applied] | None = None,
) -> SavedPort | Unavailable | None:
    """The port of a pre-flight, proven; at no cost None where there is nothing to port, or why nothing was compared."""
    expected, actual = coverage.sides
    if isinstance(coverage.drift, Unavailable) or isinstance(expected, Unavailable) or isinstance(actual, Unavailable):
        return first_unavailable(coverage.drift, expected, actual)
    if coverage.drift.covered:
        return None
    about = PortTask(drift=coverage.drift, expected=expected, actual=actual, origins=origins, rules=rules)
    made = proven(about, server=server, owner=owner, applied=applied)
    text = made.text(expected=project.legacy.name, actual=project.owner.name)
    return SavedPort(
        text=text,
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        proven=made.proof.is_proven,
        fixes=_fixes(made.port) if made.proof.is_offered else (),
    )


def _fixes(port: Port) -> tuple[tuple[str, str, str], ...]:
    found: dict[tuple[str, str], list[PortStep]] = {}
    for step in port.running:
        found.setdefault(step.about, []).append(step)
    return tuple((kind, key, running_sql(Port(steps=tuple(steps))).strip()) for (kind, key), steps in found.items())


def side_port(about: PortTask, *, owner: Sequence[AnySource] | None, extensions: Iterable[str], why: str) -> MadePort:
    """The port of a comparison on the command line, proven where the owner's side is SQL; ``why`` it is not, else."""
    if owner is None:
        return _make_port(about, why)
    needed = frozenset(extensions).union(*(sources.needed_extensions(source) for source in owner))
    try:
        server = shadow.find_server(None, extensions=sorted(needed), progress=lambda _: None)
    except AuditError as error:
        return _make_port(about, str(error))
    return proven(about, server=server, owner=owner)
