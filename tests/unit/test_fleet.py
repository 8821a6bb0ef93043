"""The pure parts of a fleet: targets, the queue, the tree, what differences amount to; and the run on a made-up clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

import fix_model
from migration_audit.catalog import dump_snapshot
from migration_audit.fleet import merkle
from migration_audit.fleet.evidence import (
    Direction,
    TargetComparison,
    TargetDifference,
    TargetEvidence,
    TargetOutcome,
    TargetServer,
    parse_target_evidence,
    target_evidence_bytes,
)
from migration_audit.fleet.executors import EndedTask
from migration_audit.fleet.groups import Grouping
from migration_audit.fleet.queue import ReadTask, TaskQueue
from migration_audit.fleet.read_target import ReadAttempt
from migration_audit.fleet.run import Limits, run_fleet
from migration_audit.fleet.signatures import TrustedKeys, judge_signatures
from migration_audit.fleet.store import FleetPlan, PlannedRun, evidence_name, open_folder
from migration_audit.fleet.targets import (
    UNKNOWN,
    FleetTarget,
    Shard,
    parse_shard,
    parse_targets,
    read_services,
    server_address,
    targets_digest,
)
from migration_audit.fleet.verify import read_statement
from migration_audit.model.drift import DiffVerdict
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.model.finding import Severity
from migration_audit.signoff.openssh import PolicyKeys

LINES = """\
# a comment
acme = env:FLEET/acme
 Größe & Co =  service:prod/größe
url = postgresql://reader@db.example.org/x
service:tenant-*
"""


def test_a_line_is_a_target_or_a_pattern() -> None:
    found = parse_targets(LINES, "t.txt")
    assert [each.target for each in found] == [
        FleetTarget(name="acme", reference="env:FLEET/acme"),
        FleetTarget(name="Größe & Co", reference="service:prod/größe"),
        FleetTarget(name="url", reference="postgresql://reader@db.example.org/x"),
        None,
    ]
    assert (found[-1].pattern, found[-1].where) == ("tenant-*", "t.txt:5")


@pytest.mark.parametrize(
    "line", ["acme", "= env:X", "a = ", "a = env:1", "a = service:", "a = file.sql", "x" * 201 + "= env:X"]
)
def test_another_line_is_refused(line: str) -> None:
    with pytest.raises(UsageError, match=r"t\.txt:1: "):
        parse_targets(line, "t.txt")


@pytest.mark.parametrize(
    "text", ["a = postgresql://u:geheim@h/d", "a=postgresql://h/d?password=geheim", "#PASSWORD = geheim"]
)
def test_a_password_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError, match=r"t\.txt:2: contains a password") as refused:
        parse_targets(f"\n{text}", "t.txt")
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "1/0", "a/b", "1/2/3"])
def test_a_part_that_does_not_exist_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_shard(text)


def test_parts_are_all_of_it_and_nothing_twice() -> None:
    whole = list(range(23))
    parts = [Shard(number=number, of=5).take(whole) for number in range(1, 6)]
    assert sorted(item for part in parts for item in part) == whole
    assert max(map(len, parts)) - min(map(len, parts)) == 1


def test_a_target_leads_to_a_host_and_a_port(tmp_path: Path) -> None:
    (tmp_path / "services").write_text("[prod]\nhost=db1\nport=6432\n# x\n[here]\ndbname=x\n", "utf-8")
    environ = {
        "PGSERVICEFILE": str(tmp_path / "services"),
        "A": "postgresql://u:p@db2/app",
        "B": "postgresql://u@db2:7000/app",
        "C": "service=prod",
    }
    services = read_services(environ)
    references = ("env:A", "env:A/other", "env:B", "env:C", "service:prod/x", "service:here", "env:NOT_SET", "service:gone")
    assert [server_address(FleetTarget(name="t", reference=r), environ, services) for r in references] == [
        *("db2:5432", "db2:5432", "db2:7000", "db1:6432", "db1:6432", "localhost:5432", UNKNOWN, UNKNOWN)
    ]


def test_names_of_files_are_short_plain_and_different() -> None:
    names = ["a/b", "a b", "..", "Ä" * 200, "a" * 200, "CON", "x\\y"]
    files = [evidence_name(name) for name in names]
    assert len({file.lower() for file in files}) == len(names)
    for file in files:
        assert file.isascii()
        assert len(Path(file).name) < 100
        assert len(Path(file).parts) == 3


# The vectors of Certificate Transparency's reference implementation for the tree of RFC 6962.
LEAVES = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
LEAVES.append(bytes(range(0x60, 0x70)))
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def test_the_tree_is_that_of_rfc_6962() -> None:
    leaves = [merkle.leaf_hash(leaf) for leaf in LEAVES]
    assert [merkle.root_of(leaves[:size]).hex() for size in range(1, 9)] == ROOTS
    assert merkle.root_of([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13])
def test_a_proof_leads_to_the_root_and_no_other_does(size: int) -> None:
    leaves = [merkle.leaf_hash(bytes([number])) for number in range(size)]
    root = merkle.root_of(leaves)
    for index, leaf in enumerate(leaves):
        path = merkle.inclusion_proof(leaves, index)
        assert merkle.root_from_proof(leaf, index, size, path) == root
        wrong: list[tuple[bytes, int, int, Sequence[bytes]]] = [
            (merkle.leaf_hash(b"other"), index, size, path),
            (leaf, index, size, [*path, root]),
            (leaf, size, size, path),
            (leaf, -1, size, path),
            *((leaf, index, size, path[:-1]) for _ in path[:1]),
            *((leaf, index, size, (path[0][::-1], *path[1:])) for _ in path[:1]),
            *((leaf, (index + 1) % size, size, path) for _ in path[:1]),
        ]
        assert [one for one in wrong if merkle.root_from_proof(*one) == root] == []


def test_an_inner_node_is_no_leaf() -> None:
    left, right = merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")
    assert merkle.leaf_hash(left + right) != merkle.node_hash(left, right)


def tasks(servers: str) -> list[ReadTask]:
    return [ReadTask(target=FleetTarget(name=f"{s}{n}", reference="env:X"), server=s) for n, s in enumerate(servers)]


def taken(queue: TaskQueue, now: float = 0.0) -> list[ReadTask]:
    found = []
    while (task := queue.take(now)) is not None:
        found.append(task)
    return found


def test_connections_are_bounded_on_each_server_and_in_all() -> None:
    queue = TaskQueue(tasks("aaaaabbc"), per_server=2, in_all=4)
    first = taken(queue)
    assert Counter(task.server for task in first) == {"a": 2, "b": 1, "c": 1}
    queue.give_back(first[0], answered=True)
    assert len(taken(queue)) == 1
    seen = len(first) + 1
    under_way = first[1:]
    while under_way:
        queue.give_back(under_way.pop(), answered=True)
        seen += len(more := taken(queue))
        under_way += more
    assert seen == 8


def test_a_server_that_does_not_answer_is_asked_for_one_at_a_time() -> None:
    queue = TaskQueue(tasks("aaaaaa"), per_server=3, in_all=9)
    first = taken(queue)
    assert len(first) == 3
    for task in first:
        queue.give_back(task, answered=False)
    (probe,) = taken(queue)
    queue.give_back(probe, answered=True)
    assert len(taken(queue)) == 2


def test_what_is_put_off_waits_for_its_time() -> None:
    queue = TaskQueue([], per_server=1, in_all=1)
    (task,) = tasks("a")
    queue.put_off(task, 5.0)
    assert (queue.next_at, len(queue), queue.take(4.9), queue.take(5.0)) == (5.0, 1, None, task)


def difference(verdict: DiffVerdict, severity: Severity) -> TargetDifference:
    return TargetDifference(
        verdict=verdict, severity=severity, kind="table", key="public.t", fields=(), part_of=None, definition=None, note=None
    )


SERVER = TargetServer(
    database="d",
    system_identifier=None,
    started_at="2026-11-29T08:00:00.000001",
    postgres_version="17",
    read_as="r",
    in_recovery=False,
)
NOTHING = TargetComparison(
    actual="sha256:0",
    server=SERVER,
    differences=(),
    not_known=(),
    unmodelled=(),
    not_compared=(),
    excluded=(),
    limits=(),
)


@pytest.mark.parametrize("direction", Direction)
def test_differences_amount_to_what_compare_makes_of_them(direction: Direction) -> None:
    from migration_audit.model.drift import Difference, Drift, NotKnown
    from migration_audit.model.snapshot import Unmodelled

    kinds = [(), *([each] for each in product(DiffVerdict, Severity))]
    for found, unread, unmodelled in product(kinds, (False, True), (False, True)):
        drift = Drift(
            differences=tuple(Difference(verdict=v, kind="table", key="public.t", severity=s) for v, s in found),
            not_known=(NotKnown(kind="x", key="y", attribute="z", sides=("actual",)),) if unread else (),
            unmodelled_actual=(Unmodelled(kind="x", identity="y"),) if unmodelled else (),
        )
        ours = replace(
            NOTHING,
            differences=tuple(difference(v, s) for v, s in found),
            not_known=("x",) if unread else (),
            unmodelled=("y",) if unmodelled else (),
        ).outcome(direction)
        covers = direction is Direction.COVERS
        if drift.only_not_known and (covers or not drift.differences):
            assert ours is TargetOutcome.UNCHECKED
        else:
            assert ours.exit_code == (0 if (drift.covered if covers else drift.equal) else 1)
            assert (ours is TargetOutcome.EQUAL) == drift.equal


def test_a_fingerprint_is_that_of_the_differences_alone() -> None:
    one = difference(DiffVerdict.UNEXPECTED, Severity.WARNING)
    first = replace(NOTHING, differences=(one,))
    assert first.fingerprint == replace(first, actual="sha256:1", limits=("x",)).fingerprint
    assert first.fingerprint != replace(first, differences=(replace(one, definition="0"),)).fingerprint
    assert first.fingerprint != replace(first, not_known=("x",)).fingerprint
    assert NOTHING.fingerprint is None


def evidence_of(target: str, comparison: TargetComparison) -> TargetEvidence:
    return TargetEvidence(
        schema_version=1,
        run="r",
        target=target,
        reference="env:X",
        expected="sha256:0",
        read_at=datetime(2026, 11, 29, tzinfo=UTC),
        attempts=1,
        outcome=comparison.outcome(Direction.COVERS),
        reason=None,
        comparison=comparison,
    )


@pytest.mark.parametrize(
    ("targets", "named"), [(2, "t01, t02"), (4, "t01, t02, t03 and 1 more"), (14, "t01, t02, t03 and 11 more")]
)
def test_the_targets_of_a_difference_are_three_names_and_the_number_of_the_others(targets: int, named: str) -> None:
    grouping = Grouping()
    found = replace(NOTHING, differences=(difference(DiffVerdict.MISSING, Severity.BLOCKER),))
    for number in range(1, targets + 1):
        grouping.add(evidence_of(f"t{number:02}", replace(found, server=replace(SERVER, database=f"d{number}"))))
    assert [group.some_targets for group in grouping.groups] == [named]


def test_two_targets_that_lead_to_one_database_are_named_and_copies_of_a_server_are_not() -> None:
    grouping = Grouping()
    servers = {
        "a": SERVER,
        "another database": replace(SERVER, database="e"),
        "a copy of the server": replace(SERVER, started_at="2026-11-29T08:00:00.000002"),
        "b": replace(SERVER, read_as="another role"),
        "c": SERVER,
    }
    for name, server in servers.items():
        grouping.add(evidence_of(name, replace(NOTHING, server=server)))
    assert [(each.target, each.same_as) for each in grouping.repeated] == [("b", "a"), ("c", "a")]
    assert grouping.repeated_in_all == 2


class MadeUpTime:
    """A clock that goes on when somebody waits, and an executor that ends what it is asked to end."""

    slots = 2

    def __init__(self, answers: Callable[[ReadTask], ReadAttempt | None]) -> None:
        self.seconds = 0.0
        self.tried: list[tuple[float, str, int]] = []
        self._answers = answers
        self._under_way: list[ReadTask] = []
        self.closed = False
        self.takes = 0.0
        """Seconds that every attempt takes."""

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 11, 23, 12, tzinfo=UTC) + timedelta(seconds=int(self.seconds))

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds

    def submit(self, task: ReadTask) -> None:
        self.tried.append((self.seconds, task.target.name, task.attempt))
        self._under_way.append(task)

    def ended(self, seconds: float | None) -> list[EndedTask]:
        assert self._under_way, "nothing would ever end"
        self.seconds += self.takes
        done, self._under_way = self._under_way, []
        return [EndedTask(task=task, attempt=self._answers(task)) for task in done]

    def close(self) -> None:
        self.closed = True


EXPECTED = fix_model.snapshot(fix_model.table())
TARGETS = tuple(FleetTarget(name=name, reference=f"env:X/{name}") for name in ("a", "b", "c"))
PLAN = FleetPlan(
    schema_version=1,
    tool="1",
    project=None,
    expected_named="x.json",
    expected=EXPECTED.digest,
    applied_by=None,
    settings=None,
    direction=Direction.COVERS,
    targets=targets_digest(TARGETS),
    files={},
)
PLANNED = PlannedRun(plan=PLAN, shard=None, targets=TARGETS, in_all=3)


def evidence(task: ReadTask, outcome: TargetOutcome, *, at: datetime, reason: str | None = None) -> TargetEvidence:
    return TargetEvidence(
        schema_version=1,
        run=PLAN.run,
        target=task.target.name,
        reference=task.target.reference,
        expected=PLAN.expected,
        read_at=at,
        attempts=task.attempt,
        outcome=outcome,
        reason=reason,
        comparison=None if outcome is TargetOutcome.UNCHECKED else NOTHING,
    )


def run(made_up: MadeUpTime, out: Path, planned: PlannedRun = PLANNED, **limits: object) -> Counter[TargetOutcome]:
    """The outcomes of a run."""
    _, summary = run_fleet(
        planned,
        out=out,
        expected=dump_snapshot(EXPECTED),
        servers=lambda _: "a:1",
        limits=Limits(per_server=2, in_all=2, **limits),  # type: ignore[arg-type]
        executor=lambda _: made_up,
        unchecked=lambda task, why: evidence(task, TargetOutcome.UNCHECKED, at=made_up.now(), reason=why),
        say=lambda _: None,
        clock=made_up,
    )
    return Counter({TargetOutcome(name): count for name, count in summary.outcomes.items() if count})


def test_a_server_that_is_down_is_tried_again_later_and_later(tmp_path: Path) -> None:
    def answer(task: ReadTask) -> ReadAttempt:
        if task.target.name == "b" and task.attempt < 4:
            failed = evidence(task, TargetOutcome.UNCHECKED, at=made_up.now(), reason="down")
            return ReadAttempt(evidence=failed, may_succeed_later=True)
        return ReadAttempt(evidence=evidence(task, TargetOutcome.EQUAL, at=made_up.now()))

    made_up = MadeUpTime(answer)
    assert run(made_up, tmp_path, attempts=4, retry_after=2.0) == {TargetOutcome.EQUAL: 3}
    assert [(at, number) for at, name, number in made_up.tried if name == "b"] == [(0, 1), (2, 2), (6, 3), (14, 4)]
    assert made_up.closed


def test_a_server_that_answers_no_one_is_given_up(tmp_path: Path) -> None:
    def answer(task: ReadTask) -> ReadAttempt:
        failed = evidence(task, TargetOutcome.UNCHECKED, at=made_up.now(), reason="timeout")
        return ReadAttempt(evidence=failed, may_succeed_later=True, is_unanswered=True)

    made_up = MadeUpTime(answer)
    made_up.takes = 10.0
    many = tuple(FleetTarget(name=f"t{number:02}", reference=f"env:X/{number}") for number in range(20))
    planned = replace(PLANNED, targets=many, in_all=20)
    assert run(made_up, tmp_path, planned, attempts=2) == {TargetOutcome.UNCHECKED: 20}
    last_tried = {name for _, name, attempt in made_up.tried if attempt == 2}
    assert 3 <= len(last_tried) <= 4
    assert len(made_up.tried) <= 9, "the others do not wait for an answer that does not come"
    found = [parse_target_evidence(path.read_bytes(), where="x") for path in tmp_path.glob("*/targets/*/*.json")]
    reasons = [each.reason or "" for each in found if each.target not in last_tried]
    assert len(reasons) == 20 - len(last_tried)
    assert all("not tried: 3 other targets of a:1 got no answer" in reason for reason in reasons)


def test_what_cannot_succeed_later_is_tried_once(tmp_path: Path) -> None:
    made_up = MadeUpTime(
        lambda task: ReadAttempt(evidence=evidence(task, TargetOutcome.UNCHECKED, at=made_up.now(), reason="no"))
    )
    assert run(made_up, tmp_path) == {TargetOutcome.UNCHECKED: 3}
    assert len(made_up.tried) == 3


def test_a_target_whose_process_ends_is_tried_again_and_then_is_a_row(tmp_path: Path) -> None:
    made_up = MadeUpTime(
        lambda task: (
            None
            if (task.target.name, task.attempt) in {("a", 1), ("b", 1), ("b", 2), ("b", 3)}
            else ReadAttempt(evidence=evidence(task, TargetOutcome.EQUAL, at=made_up.now()))
        )
    )
    assert run(made_up, tmp_path) == {TargetOutcome.EQUAL: 2, TargetOutcome.UNCHECKED: 1}
    (b,) = (tmp_path).glob("*/targets/*/b-*.json")
    assert "ended 3 times" in (parse_target_evidence(b.read_bytes(), where="b").reason or "")


def test_evidence_that_is_too_old_is_read_again(tmp_path: Path) -> None:
    made_up = MadeUpTime(lambda task: ReadAttempt(evidence=evidence(task, TargetOutcome.EQUAL, at=made_up.now())))
    run(made_up, tmp_path)
    for seconds, tried in ((3600, 0), (3601, 3)):
        made_up.seconds, made_up.tried = seconds, []
        run(made_up, tmp_path, max_age=timedelta(hours=1))
        assert len(made_up.tried) == tried


def test_what_was_signed_stays_as_it_is(tmp_path: Path) -> None:
    bad = {"b"}
    made_up = MadeUpTime(
        lambda task: ReadAttempt(
            evidence=evidence(
                task,
                TargetOutcome.UNCHECKED if task.target.name in bad else TargetOutcome.EQUAL,
                at=made_up.now(),
                reason="no" if task.target.name in bad else None,
            )
        )
    )
    run(made_up, tmp_path)
    (signed,) = tmp_path.iterdir()
    (signed / "signatures").mkdir()
    (signed / "signatures" / "ann.sig").write_text("x", "utf-8")
    before = {path: path.read_bytes() for path in signed.rglob("*") if path.is_file()}
    bad.clear()
    made_up.seconds, made_up.tried = 60, []
    assert run(made_up, tmp_path) == {TargetOutcome.EQUAL: 3}
    assert [name for _, name, _ in made_up.tried] == ["b"]
    assert {path: path.read_bytes() for path in signed.rglob("*") if path.is_file()} == before
    (new,) = set(tmp_path.iterdir()) - {signed}
    assert len(list(new.glob("targets/*/*.json"))) == 3


@pytest.mark.parametrize(
    ("project", "keys_of", "ok"),
    [("trm", "trm", None), ("other", "trm", False), (None, "trm", None), ("other", None, None)],
)
def test_keys_of_another_project_count_for_none(
    project: str | None, keys_of: str | None, ok: bool | None, tmp_path: Path
) -> None:
    made_up = MadeUpTime(lambda task: ReadAttempt(evidence=evidence(task, TargetOutcome.EQUAL, at=made_up.now())))
    run(made_up, tmp_path)
    (folder,) = tmp_path.iterdir()
    statement, facts, _ = read_statement(open_folder(folder))
    keys = PolicyKeys(allowed_signers=b"", revoked=None)
    trusted = TrustedKeys(keys=keys, source="x", project=keys_of)
    reported = [*judge_signatures(statement, replace(facts, project=project), {}, trusted, now=made_up.now())]
    assert [s.text for s in reported if "keys are of" in s.text] == (
        ["the fleet run is of the project other, but the keys are of trm"] if ok is False else []
    )


def test_evidence_of_another_run_is_not_overwritten(tmp_path: Path) -> None:
    made_up = MadeUpTime(lambda task: ReadAttempt(evidence=evidence(task, TargetOutcome.EQUAL, at=made_up.now())))
    run(made_up, tmp_path)
    (path,) = tmp_path.glob("*/targets/*/a-*.json")
    other = replace(parse_target_evidence(path.read_bytes(), where="a"), run="0" * 64)
    path.write_bytes(target_evidence_bytes(other))
    with pytest.raises(AuditError, match="another fleet run"):
        run(made_up, tmp_path)
    assert path.read_bytes() == target_evidence_bytes(other)
