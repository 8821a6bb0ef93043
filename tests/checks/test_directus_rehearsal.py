"""The real Directus beside the model: where the two do not agree, nothing is believed and nothing is lost from sight."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import fix_directus as d
import fix_inputs
import fix_rehearsal as r
from migration_audit.audit.case import directus_rehearsed
from migration_audit.audit.facts.codec import decode, encode
from migration_audit.checks import judge, snap009_rehearsed
from migration_audit.directus.agreement import RehearsedBoots, scenario_disagreement
from migration_audit.directus.boots import Scenario, scenario_of
from migration_audit.gate import decide
from migration_audit.model.directus import DirectusRuntime
from migration_audit.model.directus_database import DirectusRehearsal, Lost, RehearsedBoot
from migration_audit.model.finding import CheckResult, Outcome, Phase, Unavailable, Verdict
from migration_audit.report.boot_tables import directus_rehearsal_table

RUNTIME = DirectusRuntime(excluded=frozenset({"zones"}))


def scenario(*tracked: str, version: str = "11.17.4", body: dict[str, Any] | None = None, rows: bool = True) -> Scenario:
    database = d.live(*tracked, rights=d.OWNED).database
    assert database is not None
    if not rows:
        database = replace(database, tables=tuple(replace(t, has_rows=False) for t in database.tables))
    return scenario_of("prod", database, body or d.whole().body, d.behaviour(version), RUNTIME, fresh=False)


def judged(found: RehearsedBoots | Unavailable) -> CheckResult:
    inputs = fix_inputs.inputs(directus_rehearsed=found)
    (result,) = judge([snap009_rehearsed.CHECK], inputs, Phase.PREFLIGHT)
    return result


def changed(number: int, **given: Any) -> Any:
    """The boots of a real one that agrees, but for one of them."""

    def change(held: DirectusRehearsal) -> DirectusRehearsal:
        boots = list(held.boots)
        boots[number - 1] = replace(boots[number - 1], **given)
        return replace(held, boots=tuple(boots))

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda held: held, None),
        (changed(1, message="No changes to apply."), "boot 1: `Snapshot applied successfully` in the model"),
        (
            changed(1, code=1, message="must be owner"),
            "boot 1: exit code 0 `Snapshot applied successfully` in the model, 1 `must",
        ),
        (changed(1, changes=()), "- table positions only in the model"),
        (changed(2, message="Snapshot applied successfully"), "boot 2: `No changes to apply.` in the model"),
        (changed(2, changes=("+ table positions",)), "boot 2: + table positions only in the rehearsal"),
        (changed(2, code=1, message="x"), "boot 2: exit code 0 `No changes to apply.` in the model, 1 `x` rehearsed"),
    ],
    ids=["the same", "nothing to do", "fails", "keeps it", "boot 2 does something", "makes it again", "boot 2 fails"],
)
def test_each_way_in_which_they_may_differ(change: Any, said: str | None) -> None:
    dropping = scenario("positions")
    found = scenario_disagreement(dropping, change(r.held(dropping)))
    assert found is None if said is None else said in (found or "")


def test_a_disagreement_is_incomplete_and_both_are_shown() -> None:
    """Whatever the rehearsal found beside it."""
    lost = RehearsedBoot(code=0, message="Snapshot applied successfully", lost=(Lost(kind="table", key="public.devices"),))
    found = r.rehearsed(of_live={"boots": (lost, r.IDLE)})
    result = judged(found)
    assert [f.key for f in result.findings] == ["SNAP009:table:public.devices"]
    assert "the model predicts something else" in result.findings[0].summary
    assert result.unchecked == (
        "prod: model and rehearsal do not agree, and both are shown: boot 1: `No changes to apply.` in the model, "
        "`Snapshot applied successfully` rehearsed"
    )
    assert decide([result]) is Verdict.INCOMPLETE
    assert isinstance(found, RehearsedBoots)
    table = directus_rehearsal_table(found)
    (marked,) = [row for group in table.groups for row in group.rows if row.marked]
    assert [cell.text() for cell in marked.cells] == [
        "1",
        "No changes to apply; exit code 0",
        "table public.devices lost; exit code 0",
    ]


def required() -> dict[str, Any]:
    """A file with one column more, that no row could have."""
    body = copy.deepcopy(d.real())
    field = copy.deepcopy(next(f for f in body["fields"] if (f["collection"], f["field"]) == ("devices", "model")))
    field["field"] = field["meta"]["field"] = field["schema"]["name"] = "extra"
    field["schema"] |= {"is_nullable": False, "default_value": None}
    body["fields"].append(field)
    return body


def test_what_the_rows_decide_is_undecided(tmp_path: Path) -> None:
    """The model knows that the table has rows; the real one, on a copy without any, adds the column."""
    body = required()
    with_rows, without = scenario(body=body), scenario(body=body, rows=False)
    assert (with_rows.boots[0].code, without.boots[0].code) == (1, 0)
    given = {"directus_snapshot": d.read(tmp_path, body), "directus_live": d.live(rights=d.OWNED)}
    found = r.rehearsed(**given, live=r.held(without))
    result = judged(found)
    assert result.outcome is Outcome.SKIPPED
    assert result.is_undecided
    assert "prod: the rows of tables decide, and a rehearsal has none: boot 1: exit code 1" in str(result.reason)


def test_a_bootstrap_that_makes_another_database_is_a_disagreement() -> None:
    """The model agrees on the database that the real bootstrap made, and takes another one for the environment's."""
    found = r.rehearsed(**r.TRACKED, live=r.held(scenario()))
    result = judged(found)
    assert result.outcome is Outcome.ERRORED
    assert (
        "prod: model and rehearsal do not agree, and both are shown: after bootstrap, model has row positions; boot 1: "
        in (str(result.reason))
    )


def test_a_version_that_the_model_does_not_know_is_rehearsed_all_the_same() -> None:
    inputs = d.inputs(directus_target=d.target("13.0.0"))
    held = r.held(scenario("positions"), version="13.0.0")
    own = {**inputs, "directus_rehearsal": held}
    found = directus_rehearsed({"fresh_rehearsal": r.NOT_ASKED}, own, r.PROD, inputs["directus_boots"])
    result = judged(found)
    (finding,) = result.findings
    assert finding.key == "SNAP009:table:public.positions"
    assert "the model has no prediction: the model does not cover Directus 13.0.0" in finding.summary
    assert result.unchecked is None


def test_without_either_the_reason_that_counts_is_reported() -> None:
    inputs = d.inputs()
    broken = Unavailable(reason="npm install failed", outcome=Outcome.ERRORED)
    for live, fresh, reason in (
        (r.NOT_ASKED, r.NOT_ASKED, r.NOT_ASKED),
        (r.NOT_ASKED, broken, broken),
        (broken, r.NOT_ASKED, broken),
    ):
        own = {**inputs, "directus_rehearsal": live}
        found = directus_rehearsed({"fresh_rehearsal": fresh}, own, r.PROD, inputs["directus_boots"])
        assert found == reason


def test_it_is_kept_and_read_as_it_is() -> None:
    held = r.held(scenario("positions"), unlike=("table a is not made",), notes=("a note",))
    assert decode(encode(held, DirectusRehearsal | Unavailable), DirectusRehearsal | Unavailable, where="x") == held
