"""Rows of one table: what looks like enough approval and was not earned; and beside it what is earned and stays open."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fix_signed import ANN, BOB, EVE, MAL, NOW, SERVER, World
from migration_audit.model.errors import ConfigError
from migration_audit.model.signoff import Decision
from migration_audit.signoff import openssh
from migration_audit.signoff.decisions import file_name, read_decision

CAROL, SECOND = "carol@example.org", "second@example.org"
HOUR = timedelta(hours=1)
LATER = NOW + timedelta(days=3)
WAIVER = """
[[waiver]]
finding = "LIV004:index:public.i"
environment = "prod"
reason = "REASON"
owner = "ann@example.org"
expires = 2026-11-24
"""


def by_hand(
    world: World, run: Path, who: str, number: int = 1, *, key: str = "", written: Any = bytes, **change: Any
) -> None:
    """A decision about a signed run that no command would have made: like one that is there, signed by ``who``."""
    decision = read_decision(min((run / "signoff").glob("*.json")).read_bytes())
    path = run / "signoff" / file_name(who, number)
    path.write_bytes(written(replace(decision, **{"reviewer": who, **change}).to_bytes()))
    path.with_name(f"{path.name}.sig").unlink(missing_ok=True)
    openssh.sign_file(path, key=world.key(who))


def copied(run: Path, who: str, number: int) -> None:
    """The first decision of a reviewer once more, under another number."""
    for suffix in ("", ".sig"):
        shutil.copy(run / "signoff" / f"{who}.json{suffix}", run / "signoff" / f"{file_name(who, number)}{suffix}")


def signed(world: World, *names: str, publish: bool = False, **how: Any) -> Path:
    run = world.run(**how)
    for who in names or (ANN, BOB):
        run = world.sign(run, who, at=how.get("at", NOW) + HOUR)
    world.commit()
    if publish:
        world.publish()
    return run


def settings(world: World, old: str, new: str) -> None:
    world.edit(old, new)
    world.commit()
    world.publish()


def allowed(*lines: str) -> Callable[[World], None]:
    """The author's key is the author's, whatever else allowed_signers calls its holder."""

    def change(world: World) -> None:
        world.allow(BOB, *(line.replace("KEY", f'namespaces="migration-audit" {world.public(MAL)}') for line in lines))
        world.commit()
        world.publish()
        run = world.sign(world.sign(world.run(), BOB), SECOND, key=str(world.key(MAL)))
        assert run.is_dir()

    return change


def swapped(world: World) -> None:
    run = signed(world)
    by_hand(world, run, ANN, 2, decision=Decision.REJECT, signed_at=NOW + 2 * HOUR)
    for suffix in ("", ".sig"):
        first, second = run / f"signoff/{ANN}.json{suffix}", run / f"signoff/{ANN}~2.json{suffix}"
        content = first.read_bytes()
        first.write_bytes(second.read_bytes())
        second.write_bytes(content)


def taken_back_and_copied(decision: Decision) -> Callable[[World], None]:
    def change(world: World) -> None:
        run = signed(world)
        by_hand(world, run, ANN, 2, decision=decision, signed_at=NOW + 2 * HOUR)
        world.commit()
        world.publish()
        copied(run, ANN, 3)

    return change


def taken_back_by_a_slow_clock(world: World) -> None:
    by_hand(world, signed(world), ANN, 2, decision=Decision.WITHDRAW, signed_at=NOW + HOUR / 2)


def given_again(world: World) -> None:
    run = signed(world)
    by_hand(world, run, ANN, 2, decision=Decision.WITHDRAW, signed_at=NOW + 2 * HOUR)
    by_hand(world, run, ANN, 3, signed_at=NOW + 3 * HOUR)


def rejected_with_a_key_that_ended(world: World) -> None:
    world.allow(ANN, BOB, f'{EVE} namespaces="migration-audit",valid-before="20261125" {world.public(EVE)}')
    world.commit()
    world.publish()
    by_hand(world, signed(world), EVE, decision=Decision.REJECT)


def with_a_condition(content: bytes) -> bytes:
    return json.dumps({**json.loads(content), "note": "only if Bob agrees"}, indent=1, sort_keys=True).encode() + b"\n"


def of_another_version(content: bytes) -> bytes:
    return content.replace(b'"schema_version": 1', b'"schema_version": true')


def written(how: Callable[[bytes], bytes]) -> Callable[[World], None]:
    return lambda world: by_hand(world, signed(world), ANN, written=how)


def with_other_waivers(world: World) -> None:
    by_hand(world, signed(world), ANN, waivers=("LIV004:index:public.z",))


def on_the_database_of_dev(world: World) -> None:
    for name in ("dev", "prod"):
        signed(world, environment=name, server=replace(SERVER, database="trm_dev"))


def on_another_server_than_before(world: World) -> None:
    signed(world, publish=True)
    signed(world, at=NOW + 5 * HOUR, server=replace(SERVER, system_identifier="7442190517340089999"))


def on_another_server_that_is_pinned(world: World) -> None:
    signed(world, publish=True)
    settings(world, 'dsn_env = "TRM_PROD"', 'dsn_env = "TRM_PROD"\nsystem_identifier = "7442190517340089999"')
    signed(world, at=NOW + 5 * HOUR, server=replace(SERVER, system_identifier="7442190517340089999"))


def waived_because(reason: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        world.write("audit.toml", world.toml + WAIVER.replace("REASON", reason).replace("2026-11-24", "2026-12-24"))
        world.commit()
        world.publish()
        signed(world, gone=["i"])

    return change


def with_a_newer_run_that(ends: Callable[[Path], object], at: datetime = NOW + HOUR) -> Callable[[World], None]:
    def change(world: World) -> None:
        signed(world)
        ends(world.run(at=at, gone=["i"]) / "evidence.json")

    return change


def with_notes(world: World) -> None:
    signed(world)
    world.write("reports/prod/notes/todo.txt", "call Bob")


def approved_before_by(*names: str) -> Callable[[World], None]:
    """Bob and Ann sign what Ann wrote, on top of a run that others approved with it."""

    def change(world: World) -> None:
        world.allow(ANN, BOB, EVE, CAROL)
        settings(world, "quorum = 2", f'quorum = 2\nsigners = ["{ANN}", "{BOB}", "{MAL}"]')
        world.write("owner/002_b.sql", "CREATE INDEX i2 ON a (id);\n")
        world.git("add", "-A")
        world.git("commit", "-q", "-m", "x", GIT_AUTHOR_EMAIL=ANN)
        run = signed(world, BOB)
        for name in names:
            by_hand(world, run, name)
        if BOB not in names:
            for suffix in ("", ".sig"):
                (run / "signoff" / f"{BOB}.json{suffix}").unlink()
        world.commit()
        by_hand(world, signed(world, BOB, at=NOW + 5 * HOUR), ANN, signed_at=NOW + 6 * HOUR)

    return change


def after_the_retirement(
    *, before: Callable[[World], None] = lambda _: None, after: Callable[[World], None] = lambda _: None, **how: Any
) -> Callable[[World], None]:
    def change(world: World) -> None:
        before(world)
        world.git("rm", "-q", "-r", "legacy")
        world.commit()
        world.publish()
        signed(world, publish=True, phase="retired", legacy=False, **how)
        after(world)

    return change


def a_waiver(world: World) -> None:
    world.write("audit.toml", world.toml + WAIVER.replace("REASON", "in the window of May"))
    world.commit()
    world.publish()


def a_producer(world: World) -> None:
    line = f'ci@example.org namespaces="migration-audit-producer" {world.public(CAROL)}'
    settings(world, "quorum = 2", f"quorum = 2\nproducers = ['{line}']")


def a_newer_run_that_blocks(world: World) -> None:
    world.run(phase="retired", legacy=False, at=NOW + HOUR, gone=["i"])


ROWS: dict[str, tuple[Callable[[World], None], int, str]] = {
    "two reviewers": (lambda world: signed(world) and None, 0, ""),
    "the author under the second name of a line": (allowed(f"{MAL},{SECOND} KEY"), 4, f"{SECOND} does not count"),
    "the author under a pattern": (allowed("*@example.org KEY"), 4, f"{SECOND} does not count"),
    "the author under another line": (allowed(f"{SECOND} KEY", "Mal@Example.org KEY"), 4, f"{SECOND} does not count"),
    "a rejection called the first": (swapped, 1, f"{ANN} rejects it"),
    "an approval copied after its withdrawal": (taken_back_and_copied(Decision.WITHDRAW), 4, "1 of 2 required reviewers"),
    "an approval copied after a rejection": (taken_back_and_copied(Decision.REJECT), 1, f"{ANN} rejects it"),
    "a withdrawal by a clock that is slow": (taken_back_by_a_slow_clock, 4, "1 of 2 required reviewers"),
    "an approval given again": (given_again, 0, ""),
    "a rejection whose key has ended": (rejected_with_a_key_that_ended, 1, f"{EVE} rejects it"),
    "a condition that no page shows": (written(with_a_condition), 4, "it says more"),
    "another version": (written(of_another_version), 4, "in another form"),
    "other waivers than those applied": (with_other_waivers, 4, "accepts the waivers LIV004:index:public.z, not none"),
    "the database of an environment that is not asked for": (on_the_database_of_dev, 4, "as the run of dev"),
    "another server": (on_another_server_than_before, 4, "the last approved run was of 7442190517340081234"),
    "another server that is pinned": (on_another_server_that_is_pinned, 0, ""),
    "a waiver with a reason": (waived_because("in the window of May"), 0, ""),
    "a waiver whose reason has no width": (waived_because("\u200b\u200b"), 1, "blocked by 1 finding"),
    "a waiver whose reason is a filler": (waived_because("\u3164"), 1, "blocked by 1 finding"),
    "a waiver whose reason is a dot": (waived_because("."), 1, "blocked by 1 finding"),
    "a newer run that cannot be read": (with_a_newer_run_that(lambda path: path.write_text("{")), 3, "is incomplete"),
    "a newer run without evidence": (with_a_newer_run_that(Path.unlink), 3, "is incomplete"),
    "an older run without evidence": (with_a_newer_run_that(Path.unlink, NOW - HOUR), 0, ""),
    "a folder that is no run": (with_notes, 0, ""),
    "an earlier run approved by others": (approved_before_by(EVE, CAROL), 4, f"{ANN} does not count"),
    "an earlier run approved by the author": (approved_before_by(BOB, ANN), 4, f"{ANN} does not count"),
    "the retirement is done": (after_the_retirement(), 0, ""),
    "retired, with a waiver that is over": (
        after_the_retirement(before=a_waiver, gone=["i"]),
        4,
        "does not hold: it is blocked",
    ),
    "retired, and no producer": (after_the_retirement(after=a_producer), 4, "no producer of the policy signed it"),
    "retired, and blocked since": (after_the_retirement(after=a_newer_run_that_blocks), 4, "a newer run is not signed"),
}


@pytest.mark.parametrize("name", ROWS)
def test_what_the_gate_makes_of_it(world: World, name: str) -> None:
    change, code, why = ROWS[name]
    change(world)
    world.commit()
    gate = world.gate(policy_from="origin/main", now=LATER)["prod"]
    reported = "\n".join(r.text for r in gate.requirements if r.ok is not True)
    assert (gate.exit_code, why in reported) == (code, True), reported


@pytest.mark.parametrize("name", ["*@example.org", "!ci@example.org,*@example.org", "ci?@example.org"])
def test_a_producer_has_a_name(world: World, name: str) -> None:
    world.edit("quorum = 2", f"quorum = 2\nproducers = ['{name} {world.public(CAROL)}']")
    with pytest.raises(ConfigError, match=r"policy\.producers"):
        assert world.project


@pytest.mark.parametrize("at", [NOW + HOUR, datetime(2099, 1, 1, tzinfo=UTC)], ids=["unreadable", "of the future"])
def test_verify_of_a_folder_takes_no_older_run_for_the_newest(world: World, at: datetime) -> None:
    signed(world)
    newest = world.sign(world.run(at=at), ANN, at=at + HOUR)
    if at < LATER:
        (newest / "evidence.json").write_text("{")
    found = world.verify(world.root / "reports/signed/prod")
    assert (found.run.name, found.exit_code) == (newest.name, 4)
