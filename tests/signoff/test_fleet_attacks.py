"""Attacks on a fleet run, its signatures and its proofs, through the command line; no database is needed for any."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click
import pytest

import fix_model
from fix_demo import Ran, run_cli
from fix_fleet import (
    EXPECTED,
    TENANTS,
    forge,
    load,
    made_up_evidence,
    made_up_fleet,
    made_up_plan,
    reference_of,
    restate,
)
from migration_audit.catalog import dump_snapshot
from migration_audit.cli.fleet_review import sign_fleet
from migration_audit.fleet.evidence import TargetOutcome, target_evidence_bytes
from migration_audit.fleet.executors import EndedTask
from migration_audit.fleet.queue import ReadTask
from migration_audit.fleet.read_target import ReadAttempt
from migration_audit.fleet.run import Limits, run_fleet
from migration_audit.fleet.store import PLAN, PlannedRun, RunFolder, open_folder
from migration_audit.fleet.targets import Shard
from migration_audit.model.errors import AuditError, SignoffError

ANN, EVE, OLD, GONE = "ann@example.org", "eve@example.org", "old@example.org", "gone@example.org"
KEYS = ("--allowed-signers", "allowed_signers")
PLANNED = made_up_plan()
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys: Ann's is known, Eve's is not, one has ended, and one is for another purpose."""
    place = tmp_path_factory.mktemp("keys")
    for name in (ANN, EVE, OLD, GONE):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", place / name], check=True)
    options = {
        ANN: 'namespaces="migration-audit-fleet"',
        OLD: 'namespaces="migration-audit-fleet",valid-before="20200101Z"',
        GONE: 'namespaces="migration-audit"',
    }
    lines = [f"{name} {option} {(place / f'{name}.pub').read_text()}" for name, option in options.items()]
    (place / "allowed_signers").write_text("".join(lines), "utf-8")
    return place


@pytest.fixture
def unsigned(keys: Path, tmp_path: Path) -> RunFolder:
    """A finished run of three targets, one of which blocks."""
    for each in keys.iterdir():
        shutil.copy2(each, tmp_path / each.name)
    return made_up_fleet(tmp_path / "fleet", PLANNED, wrong=["globex"])


@pytest.fixture
def signed(unsigned: RunFolder) -> RunFolder:
    ran = sign(unsigned)
    assert ran.code == 0, ran.err
    return unsigned


def sign(folder: RunFolder, name: str = ANN, key: str | None = None, *more: str) -> Ran:
    place = folder.path.parent.parent
    return run_cli(
        "fleet", "sign", str(folder.path), "--as", name, "--key", key or name, "--yes", *(more or KEYS), cwd=place
    )


def verify(folder: RunFolder, what: Path | None = None, *more: str) -> Ran:
    return run_cli("fleet", "verify", str(what or folder.path), *KEYS, *more, cwd=folder.path.parent.parent)


def evidence_of(folder: RunFolder, name: str = "acme") -> Path:
    return folder.evidence_file(name)


def linked(path: Path) -> None:
    """A link to the same content."""
    other = path.with_name("elsewhere")
    path.rename(path.parents[2] / other.name if path.is_file() else other)
    path.symlink_to(path.parents[2] / other.name if not other.exists() else other)


def replaced_by(make: Callable[[Path], object]) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        path.unlink()
        make(path)

    return change


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 42)


pipe, zeros, huge = replaced_by(os.mkfifo), replaced_by(lambda path: path.symlink_to("/dev/zero")), replaced_by(sparse)

ODD_FILES: dict[str, tuple[Callable[[RunFolder], Path], Callable[[Path], None], str]] = {
    "evidence is a pipe": (evidence_of, pipe, "is not a regular file"),
    "evidence is a device": (evidence_of, zeros, "is a symbolic link"),
    "evidence is a link": (evidence_of, linked, "is a symbolic link"),
    "evidence is huge": (evidence_of, huge, "exceeds"),
    "evidence is a folder": (evidence_of, replaced_by(Path.mkdir), "cannot be read"),
    "the folder of evidence is a link": (lambda folder: evidence_of(folder).parent, linked, "is a symbolic link"),
    "the folder of signatures is a link": (lambda folder: folder.path / "signatures", linked, "is a symbolic link"),
    "a signature is a pipe": (lambda folder: folder.path / "signatures" / f"{ANN}.sig", pipe, "is not a regular file"),
    "a signature is huge": (lambda folder: folder.path / "signatures" / f"{ANN}.sig", huge, "exceeds"),
    **{
        f"{name} {what}": (lambda folder, name=name: folder.path / name, change, why)  # type: ignore[misc]
        for name in ("plan.json", "expected.json", "index.jsonl", "index.html", "summary.json", "statement.json")
        for what, change, why in (("is a pipe", pipe, "is not a regular file"), ("is a device", zeros, "is a symbolic link"))
    },
    "the index is nested deeply": (
        lambda folder: folder.path / "index.jsonl",
        lambda path: path.write_bytes(b"[" * 100_000),
        "do not match the statement",
    ),
}


@pytest.mark.parametrize("what", ODD_FILES)
def test_what_is_not_a_plain_file_is_named_and_not_waited_for(what: str, signed: RunFolder) -> None:
    find, change, why = ODD_FILES[what]
    change(find(signed))
    ran = verify(signed)
    assert ran.code in (3, 4), ran
    assert why in ran.out + ran.err
    assert "Traceback" not in ran.err


def drop_from_plan(folder: RunFolder, *, in_all: int) -> None:
    planned = folder.planned
    folder.planned = replace(planned, targets=planned.targets[:-1], in_all=in_all)
    body = load(folder.path / PLAN)
    body["targets"], body["in_all"] = body["targets"][:-1], in_all
    (folder.path / PLAN).write_text(json.dumps(body, sort_keys=True, separators=(",", ":")) + "\n", "utf-8")
    evidence_of(folder, "hooli").unlink()
    evidence_of(folder, "hooli").parent.rmdir()
    restate(folder)


def swap(folder: RunFolder) -> None:
    """Each of two targets with what was read of the other one."""
    one, other = folder.evidence("acme"), folder.evidence("globex")
    assert one is not None
    assert other is not None
    for mine, theirs in ((one, other), (other, one)):
        forged = replace(theirs, target=mine.target)
        evidence_of(folder, mine.target).write_bytes(target_evidence_bytes(forged))


def restated(change: Callable[[RunFolder], None], **how: Any) -> Callable[[RunFolder], None]:
    def forged(folder: RunFolder) -> None:
        change(folder)
        with contextlib.suppress(AuditError):  # not even our own code sums it up
            restate(folder, **how)

    return forged


def one_more_line(folder: RunFolder) -> None:
    path = folder.path / "index.jsonl"
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[-1])
    name_again(folder, "index.jsonl")


def name_again(folder: RunFolder, name: str) -> None:
    body = load(folder.path / "statement.json")
    for each in body["subject"]:
        if each["name"] == name:
            each["digest"]["sha256"] = hashlib.sha256((folder.path / name).read_bytes()).hexdigest()
    (folder.path / "statement.json").write_text(json.dumps(body, sort_keys=True, separators=(",", ":")) + "\n", "utf-8")


def other_expected(folder: RunFolder) -> None:
    (folder.path / "expected.json").write_bytes(dump_snapshot(fix_model.snapshot()))
    name_again(folder, "expected.json")


def more_in_statement(folder: RunFolder) -> None:
    path = folder.path / "statement.json"
    path.write_text(path.read_text("utf-8").replace("{", '{"note":"if Bob agrees",', 1), "utf-8")


FUTURE = NOW + timedelta(days=400)

FORGED: dict[str, tuple[Callable[[RunFolder], None], str]] = {
    "an outcome": (restated(lambda f: forge(f, "globex", outcome=TargetOutcome.EQUAL)), "does not match its differences"),
    "not checked, without a reason": (
        restated(lambda f: forge(f, "globex", outcome=TargetOutcome.UNCHECKED, comparison=None)),
        "does not match its differences",
    ),
    "what was read of another target": (restated(swap), "another database"),
    "a reference": (restated(lambda f: forge(f, "globex", reference=reference_of("acme"))), "another database"),
    "an expected side": (restated(lambda f: forge(f, "globex", expected="sha256:1")), "another expected side"),
    "a run": (restated(lambda f: forge(f, "globex", run="0" * 64)), "another fleet run"),
    "a target left out": (lambda f: drop_from_plan(f, in_all=3), "does not list the targets"),
    "a target left out, and not counted": (lambda f: drop_from_plan(f, in_all=2), "does not list the targets"),
    "evidence of the future": (restated(lambda f: forge(f, "acme", read_at=FUTURE)), "dated in the future"),
    "a run of the future": (lambda f: restate(f, at=FUTURE), "dated in the future"),
    "evidence younger than its summary": (lambda f: restate(f, at=NOW - timedelta(days=1)), "dated in the future"),
    "one line more in the index": (one_more_line, "has more lines than there are targets"),
    "another expected side": (other_expected, "are of different fleet runs"),
    "more in the statement": (more_in_statement, "is not as `migration-audit fleet run` writes it"),
}


@pytest.mark.parametrize("what", FORGED)
def test_what_was_forged_before_it_was_signed_is_not_signed(what: str, unsigned: RunFolder) -> None:
    do, why = FORGED[what]
    do(unsigned)
    for ran in (verify(unsigned, None, "--intact"), sign(unsigned)):
        assert ran.code in (3, 4), ran
        assert why in ran.out + ran.err
    assert not (unsigned.path / "signatures").exists()


class Answers:
    """An executor that reads every target as it is expected, and remembers which it was asked for."""

    slots = 2

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._under_way: list[ReadTask] = []

    def submit(self, task: ReadTask) -> None:
        self.asked.append(task.target.name)
        self._under_way.append(task)

    def ended(self, seconds: float | None) -> list[EndedTask]:
        done, self._under_way = self._under_way, []
        found = [made_up_evidence(PLANNED, task.target.name, at=NOW) for task in done]
        return [EndedTask(task=t, attempt=ReadAttempt(evidence=e)) for t, e in zip(done, found, strict=True)]

    def close(self) -> None:
        pass


def resume(folder: RunFolder, planned: PlannedRun = PLANNED, **limits: Any) -> list[str]:
    """Start the run again; the targets that were read."""
    answers = Answers()
    run_fleet(
        planned,
        out=folder.path.parent,
        expected=dump_snapshot(EXPECTED),
        servers=lambda _: "a:1",
        limits=Limits(per_server=2, in_all=2, **limits),
        executor=lambda _: answers,
        unchecked=lambda task, why: pytest.fail(why),
        say=lambda _: None,
    )
    return answers.asked


def consistent(folder: RunFolder) -> None:
    """A target that blocks, as one that was equal: nothing in its own file is wrong."""
    evidence_of(folder, "globex").write_bytes(target_evidence_bytes(made_up_evidence(PLANNED, "globex", at=NOW)))


def less_expected(folder: RunFolder) -> None:
    (folder.path / "expected.json").write_bytes(dump_snapshot(fix_model.snapshot()))


def dropped(folder: RunFolder) -> None:
    body = load(folder.path / PLAN)
    body["targets"] = body["targets"][:1]
    (folder.path / PLAN).write_text(json.dumps(body), "utf-8")


BETWEEN_STARTS: dict[str, tuple[Callable[[RunFolder], None], bool, str]] = {
    "an outcome": (lambda f: forge(f, "globex", outcome=TargetOutcome.EQUAL), False, "does not match its differences"),
    "an outcome of a finished run": (lambda f: forge(f, "globex", outcome=TargetOutcome.EQUAL), True, "was changed"),
    "evidence of a finished run": (consistent, True, "was changed since it was summed up"),
    "the expected side": (less_expected, False, "is not the expected side"),
    "the expected side of a finished run": (less_expected, True, "is not the expected side"),
    "the targets of the plan": (dropped, False, "it lists other targets"),
    "the targets of the plan of a finished run": (dropped, True, "it lists other targets"),
}


@pytest.mark.parametrize("what", BETWEEN_STARTS)
def test_a_run_does_not_go_on_from_what_was_changed(what: str, tmp_path: Path) -> None:
    change, finished, why = BETWEEN_STARTS[what]
    folder = made_up_fleet(tmp_path, PLANNED, wrong=["globex"], finished=finished)
    change(folder)
    with pytest.raises(AuditError, match=why):
        resume(folder)
    assert (folder.path / "statement.json").exists() == finished


def test_what_goes_on_after_a_signature_is_what_was_signed(signed: RunFolder) -> None:
    consistent(signed)
    with pytest.raises(AuditError, match="was changed since it was summed up"):
        resume(signed, max_age=timedelta(seconds=1))
    (signed.path / "statement.json").unlink()
    with pytest.raises(AuditError, match=r"is signed, but has no statement\.json"):
        resume(signed)


def test_a_date_in_the_future_does_not_keep_evidence_recent(tmp_path: Path) -> None:
    folder = made_up_fleet(tmp_path, PLANNED, finished=False)
    forge(folder, "hooli", read_at=FUTURE)
    assert resume(folder, max_age=timedelta(hours=1)) == ["hooli"]


def test_who_goes_on_with_a_run_is_named_in_it_too(tmp_path: Path) -> None:
    folder = made_up_fleet(tmp_path, replace(PLANNED, people=(ANN,)), unread=["hooli"])
    (folder.path / "statement.json.sig").write_bytes(b"x")
    assert resume(folder, replace(PLANNED, people=(EVE,))) == ["hooli"]
    assert load(folder.path / PLAN)["people"] == [ANN, EVE]
    assert not (folder.path / "statement.json.sig").exists(), "it is of another statement"
    (folder.path / "signatures").mkdir()
    (folder.path / "signatures" / f"{EVE}.sig").write_bytes(b"x")
    folder = open_folder(folder.path)
    assert resume(folder, replace(PLANNED, people=(OLD,)), max_age=timedelta(seconds=-1)) == [*TENANTS]
    (new,) = set(tmp_path.iterdir()) - {folder.path}
    assert load(new / PLAN)["people"] == [ANN, EVE, OLD]


@pytest.mark.parametrize(("name", "key"), [(EVE, EVE), (ANN, EVE), (OLD, OLD), (GONE, GONE), ("*", ANN), ("../x", ANN)])
def test_a_key_that_does_not_count_signs_nothing(name: str, key: str, unsigned: RunFolder) -> None:
    ran = sign(unsigned, name, key)
    assert ran.code in (2, 4), ran
    assert not (unsigned.path / "signatures").exists()


def signature_by(folder: RunFolder, key: str, name: str, namespace: str = "migration-audit-fleet") -> None:
    """What ssh-keygen signs, put where our command would not put it."""
    place, statement = folder.path.parent.parent, folder.path / "statement.json"
    command = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(place / key), "-n", namespace, str(statement)]
    subprocess.run(command, check=True, capture_output=True)
    (folder.path / "signatures").mkdir(exist_ok=True)
    statement.with_name("statement.json.sig").rename(folder.path / "signatures" / name)


@pytest.mark.parametrize(
    ("key", "name", "namespace"),
    [
        (EVE, f"{EVE}.sig", "migration-audit-fleet"),
        (EVE, f"{ANN}.sig", "migration-audit-fleet"),
        (OLD, f"{OLD}.sig", "migration-audit-fleet"),
        (ANN, f"{ANN}.sig", "migration-audit"),
        (ANN, f"{ANN}.sig", "git"),
        (ANN, "*.sig", "migration-audit-fleet"),
    ],
)
def test_a_signature_that_does_not_count_verifies_nothing(key: str, name: str, namespace: str, unsigned: RunFolder) -> None:
    signature_by(unsigned, key, name, namespace)
    assert verify(unsigned).code == 4


def test_a_revoked_key(unsigned: RunFolder) -> None:
    place = unsigned.path.parent.parent
    shutil.copy2(place / f"{ANN}.pub", place / "revoked")
    toml = (
        '[project]\nname = "x"\n[legacy]\nsql = ["a/*.sql"]\n[owner]\nsql = ["b/*.sql"]\n[environments.e]\ndsn_env = "E"\n'
        '[policy]\nallowed_signers = "allowed_signers"\nrevoked = "revoked"\n'
    )
    (place / "audit.toml").write_text(toml, "utf-8")
    ran = sign(unsigned, ANN, ANN, "--config", "audit.toml")
    assert (ran.code, "the key is not valid" in ran.err) == (4, True), ran
    signature_by(unsigned, ANN, f"{ANN}.sig")
    assert run_cli("fleet", "verify", str(unsigned.path), cwd=place).code == 4


def test_what_is_signed_is_what_was_shown(unsigned: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    place = unsigned.path.parent.parent
    monkeypatch.chdir(place)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    other = made_up_fleet(place / "other", PLANNED)

    def wait(*_: object, **__: object) -> bool:
        shutil.copy2(other.path / "statement.json", unsigned.path / "statement.json")
        return True

    monkeypatch.setattr(click, "confirm", wait)
    how: dict[str, Any] = {"reviewer": ANN, "key": ANN, "yes": False, "config": None, "policy_from": None}
    with pytest.raises(SignoffError, match="the statement has changed since it was shown"):
        sign_fleet(unsigned.path, **how, allowed_signers=place / "allowed_signers")
    assert not (unsigned.path / "signatures").exists()


def test_nothing_is_read_again_while_sign_waits_for_an_answer(unsigned: RunFolder) -> None:
    with unsigned.locked():
        ran = sign(unsigned)
    assert (ran.code, "another process works on this fleet run" in ran.err) == (3, True), ran


def test_verify_says_that_targets_block(signed: RunFolder) -> None:
    ran = verify(signed)
    assert (ran.code, "not every target is as expected: 1 blocked" in ran.out) == (0, True), ran


def changed(**change: Any) -> Callable[[dict[str, Any]], None]:
    return lambda proof: proof.update(change)


def other_run(proof: dict[str, Any]) -> None:
    """The statement and signatures of this run, with the same target's evidence of another one."""
    proof["evidence"] = proof["evidence"].replace(PLANNED.plan.run, "0" * 64)


def better(proof: dict[str, Any]) -> None:
    proof["evidence"] = proof["evidence"].replace('"blocked"', '"equal"')


PROOFS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "of another run": (other_run, "does not match its evidence"),
    "with a better outcome": (better, "does not match its evidence"),
    "with an empty path": (changed(path=[]), "is not one of the targets"),
    "with another path": (lambda p: p["path"].reverse(), "is not one of the targets"),
    "with a path that is longer": (lambda p: p["path"].append("0" * 64), "is not one of the targets"),
    "with a path that is not hexadecimal": (lambda p: p["path"].append("x"), "is not one of the targets"),
    "at another place": (changed(place=2), "is not one of the targets"),
    "at a place before the first": (changed(place=-1), "is not one of the targets"),
    "at a place that is too long": (changed(place=10**4000), "is not one of the targets"),
    "with half of a character": (changed(statement="\ud800"), "is not a proof"),
    "with half of a character in a signature": (changed(signatures={ANN: "\udfff"}), "is not a proof"),
    "without signatures": (changed(signatures={}), "it is not signed"),
    "with more in it": (changed(note="x"), "cannot be read"),
    "of another type": (changed(type="x"), "is not a proof"),
}


@pytest.mark.parametrize("what", PROOFS)
def test_a_proof_proves_one_target_of_one_run(what: str, signed: RunFolder) -> None:
    place = signed.path.parent.parent
    assert run_cli("fleet", "prove", str(signed.path), "globex", "-o", "globex.json", cwd=place).code == 0
    ran = verify(signed, place / "globex.json", "--target", "globex")
    assert ran.code == 0, ran
    change, why = PROOFS[what]
    proof = load(place / "globex.json")
    change(proof)
    (place / "globex.json").write_text(json.dumps(proof), "utf-8")
    ran = verify(signed, place / "globex.json")
    assert (ran.code in (3, 4), why in ran.out + ran.err) == (True, True), ran
    assert "Traceback" not in ran.err


def test_the_proof_of_another_tenant(signed: RunFolder) -> None:
    place = signed.path.parent.parent
    assert run_cli("fleet", "prove", str(signed.path), "acme", "-o", "globex.json", cwd=place).code == 0
    ran = verify(signed, place / "globex.json", "--target", "globex")
    assert (ran.code, "it is the proof of target acme, not of globex" in ran.out) == (4, True), ran
    assert verify(signed, None, "--target", "globex").code == 2


def test_old_evidence_in_a_proof_and_in_a_run(unsigned: RunFolder) -> None:
    place = unsigned.path.parent.parent
    old = made_up_fleet(place / "fleet", PLANNED, read_at=NOW - timedelta(days=2))
    assert sign(old).code == 0
    assert run_cli("fleet", "prove", str(old.path), "acme", "-o", "acme.json", cwd=place).code == 0
    for what in (place / "acme.json", old.path):
        for age, code in (("3d", 0), ("1d", 4)):
            ran = verify(old, what, "--max-age", age)
            assert (ran.code, "--max-age does not allow" in ran.out) == (code, code == 4), ran


def test_a_signature_that_is_not_text_is_proven_to_be_none(signed: RunFolder) -> None:
    place = signed.path.parent.parent
    (signed.path / "signatures" / f"{EVE}.sig").write_bytes(b"\xff\xfe")
    assert run_cli("fleet", "prove", str(signed.path), "acme", "-o", "acme.json", cwd=place).code == 0
    assert verify(signed, place / "acme.json").code == 4


def part(out: Path, number: int, **plan: Any) -> RunFolder:
    return made_up_fleet(out, made_up_plan(TENANTS, Shard(number=number, of=2), **plan))


def merge(place: Path, *parts: RunFolder) -> Ran:
    return run_cli("fleet", "merge", *(str(each.path) for each in parts), "--out", "whole", cwd=place)


def relabel(folder: RunFolder, shard: str) -> RunFolder:
    """A part under the number of another one."""
    path = folder.path.with_name("relabelled")
    shutil.copytree(folder.path, path)
    body = load(path / PLAN)
    body["shard"] = shard
    (path / PLAN).write_text(json.dumps(body, sort_keys=True, separators=(",", ":")) + "\n", "utf-8")
    found = open_folder(path)
    restate(found)
    return found


def test_parts_that_are_not_those_of_one_run(tmp_path: Path) -> None:
    first, second = part(tmp_path / "a", 1), part(tmp_path / "b", 2)
    third = part(tmp_path / "c", 2, expected="sha256:1")
    unfinished = made_up_fleet(tmp_path / "d", made_up_plan(TENANTS, Shard(number=2, of=2)), finished=False)
    for parts, why in (
        ((first,), "parts are missing: 2/2"),
        ((first, first), "are not the different parts"),
        ((first, third), "parts of different fleet runs"),
        ((first, unfinished), "has not finished"),
        ((first, relabel(first, "2/2")), "does not list the targets"),
        ((second, relabel(second, "1/2")), "does not list the targets"),
    ):
        ran = merge(tmp_path, *parts)
        assert (ran.code in (2, 3), why in ran.err) == (True, True), ran
    assert not (tmp_path / "whole").exists()
    assert merge(tmp_path, first, second).code == 0
    (whole,) = (tmp_path / "whole").iterdir()
    (whole / "statement.json").unlink()
    less_expected(open_folder(whole))
    ran = merge(tmp_path, first, second)
    assert (ran.code, "is not the expected side" in ran.err) == (3, True), ran


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("acme = env:A/a\nacme = env:A/b\n", "is listed twice"),
        ("ﬁsh = env:A/a\nfish = env:A/b\n", "is listed twice"),
        ("acme = env:A/a\nacme\u200b = env:A/b\n", "no invisible characters"),
        ("a\u202ecme = env:A/b\n", "no invisible characters"),
    ],
)
def test_a_name_that_looks_like_another_one(text: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "targets.txt").write_text(text, "utf-8")
    (tmp_path / "expected.json").write_bytes(dump_snapshot(EXPECTED))
    ran = run_cli("fleet", "run", "--targets", "targets.txt", "--expected", "expected.json", cwd=tmp_path)
    assert (ran.code, why in ran.err) == (2, True), ran
    assert not (tmp_path / "reports").exists()
