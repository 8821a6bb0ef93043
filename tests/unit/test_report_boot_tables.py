"""What a reviewer reads about a fresh stack, and the author of the deletion about the work."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.report_example import evidence, result

from migration_audit import demo
from migration_audit.audit.inputs.boot import boot_inputs
from migration_audit.model.boot import Attempt, Rehearsal, RehearsalRole, RightsFrom
from migration_audit.model.finding import Finding, Outcome, Unavailable
from migration_audit.model.image import Boot, StartedCommand, StartOutcome, Undecided
from migration_audit.model.location import Location
from migration_audit.model.privileges import Access
from migration_audit.project import BootStep, load_project
from migration_audit.report.boot_tables import boot_table, rehearsal_table, rehearsed_rows
from migration_audit.report.check_tables import check_table, matrix, work_list_table
from migration_audit.report.html import render_report
from migration_audit.report.listings import unavailable

NOBODY = Access(role="processor", exists=True, postgres_number=170005)
AT = Location("directus/entrypoint.sh", 3)


@pytest.fixture(scope="module")
def project():
    return load_project(Path(demo.__file__).parent / "trm" / "audit.toml")


@pytest.fixture(scope="module")
def facts(project):
    return boot_inputs(project)


def rows(table):
    """The group and the cells of each row, as text; without the group where no row has one."""
    found = [tuple(str(cell) for cell in row) for row in table.to_frame().itertuples(index=False)]
    return found if any(row[0] for row in found) else [row[1:] for row in found]


def command(*words, line=3, **more):
    return StartedCommand(words=words, at=Location(AT.path, line), **more)


def boot(*commands, undecided=(), run_undecided=()):
    run = StartOutcome(commands=commands, undecided=undecided)
    return Boot(run=run, test=None, test_at=None, test_disabled=False, ways=(), run_undecided=run_undecided)


def step(name, words):
    return BootStep(name=name, command=words, at=Location("audit.toml", 1))


def test_the_boot_of_the_demo_from_step_to_step(facts, project):
    found = boot_table(facts["owner_boot"], project.boot.steps)
    text = repr(found)
    titles = ["Before the first step", *(f"Step {n}: {s.name}" for n, s in enumerate(project.boot.steps, start=1))]
    assert len(titles) == 6
    places = [text.index(f"· {title}\n") for title in titles]
    assert places == sorted(places)
    first = {row[0]: row[2] for row in reversed(rows(found))}
    assert re.match(r"sh apply-db-init.sh db-init$", first["Step 1: db-init"])
    assert first["Step 3: schema apply"] == "directus schema apply --yes snapshots/schema.yaml"
    assert first["Step 5: start"] == "pm2-runtime start ecosystem.config.cjs"


CASES = {
    "no steps are asked for": ((), [("1", "a", "always"), ("2", "b", "always")]),
    "a step begins in the middle": (
        (step("B", "b"),),
        [("Before the first step", "1", "a", "always"), ("Step 1: B", "2", "b", "always")],
    ),
    "a step is not there": ((step("C", "c"),), [("1", "a", "always"), ("2", "b", "always")]),
    "steps in another order keep their numbers": (
        (step("B", "b"), step("A", "a")),
        [("Step 2: A", "1", "a", "always"), ("Step 1: B", "2", "b", "always")],
    ),
}


@pytest.mark.parametrize(("steps", "expected"), CASES.values(), ids=CASES)
def test_where_a_step_begins(steps, expected):
    found = rows(boot_table(boot(command("a"), command("b")), steps))
    assert [row[:-1] for row in found] == expected


def test_what_may_run_or_is_not_waited_for_says_so():
    found = boot_table(boot(command("a", maybe="only if X is set"), command("b", in_background=True)))
    assert [row[-2] for row in rows(found)] == ["perhaps: only if X is set", "in the background"]


def test_what_could_not_be_followed_is_reported_and_marked():
    open_ = Undecided(what="$START", reason="the variable is not set here", at=AT)
    found = boot_table(boot(command("a"), undecided=(open_,), run_undecided=(replace(open_, what="command"),)))
    last = rows(found)[1:]
    assert [row[0] for row in last] == ["What could not be followed"] * 2
    assert [row[1:] for row in last] == [
        ("?", "command", "cannot be determined: the variable is not set here", str(AT)),
        ("?", "$START", "cannot be determined: the variable is not set here", str(AT)),
    ]


def test_a_container_that_starts_nothing_that_is_known():
    assert "Nothing to list." in repr(boot_table(boot()))


def attempt(name="upsert", **more):
    return Attempt(**{"name": name, "role": "writer", "where": "audit.toml:9", "rows": 1, **more})


ATTEMPTS = {
    "one row": (attempt(), "✓ 1 row"),
    "no row": (attempt(rows=0), "✓ 0 rows"),
    "again, and nothing": (attempt(again=""), "✓ 1 row; the second time: 0 rows"),
    "again, and more": (attempt(again="1 row"), "✓ 1 row; the second time: 1 row"),
}


@pytest.mark.parametrize(("made", "said"), ATTEMPTS.values(), ids=ATTEMPTS)
def test_how_a_probe_ended(made, said):
    refused = attempt(rows=None, error='relation "positions" does not exist', sqlstate="42P01")
    rehearsal = Rehearsal(
        writer=RehearsalRole(name="writer", source=RightsFrom.NOBODY),
        with_owner=(made,),
        without_owner=(refused,),
        access=NOBODY,
    )
    found = rehearsed_rows(rehearsal)
    missing = '✕ relation "positions" does not exist (SQLSTATE 42P01)'
    assert found == [("upsert", "audit.toml:9", said, missing)]
    assert rows(rehearsal_table(found)) == [("upsert", said, missing, "audit.toml:9")]


def pending(*findings, reason="due in the phase retired; 2 to do"):
    return replace(result("RET003", "Nothing calls the runner", Outcome.PENDING, reason=reason), findings=findings)


def work(path, line):
    return Finding(key=f"RET003:{path}:{line}", summary=f"{path} calls migrate", where=f"{path}:{line}")


def test_the_work_list_goes_through_each_file_from_top_to_bottom():
    found = work_list_table([pending(work("main.ts", 104), work("a.ts", 7), work("main.ts", 15))])
    assert [row[-1] for row in rows(found)] == ["a.ts:7", "main.ts:15", "main.ts:104"]
    assert "3 things to do, found by 1 of 1 check that is not due yet" in repr(found)


def test_a_check_with_nothing_to_do_is_in_the_work_list_with_its_reason():
    found = work_list_table([pending(reason="due in the phase retired; nothing to do")])
    assert rows(found)[0][-2:] == ("due in the phase retired; nothing to do", "–")


def test_what_is_due_is_no_work_list():
    due = result("RET003", "Nothing calls the runner", Outcome.PASSED)
    assert "The checks of the deletion are due now" in repr(work_list_table([due]))


def test_the_table_of_checks_counts_the_work_once():
    held = [pending(work("a.ts", 7), work("a.ts", 9))]
    assert rows(check_table(held))[0][-1] == "due in the phase retired; 2 to do"
    assert "2 to do" in repr(matrix({"dev": held}))
    assert "2 findings" not in repr(matrix({"dev": held}))


def test_what_the_index_links_to_is_in_the_report():
    held = [pending(work("a.ts", 7)), replace(result("COV003", "Indexes", Outcome.FAILED), findings=(work("b.ts", 1),))]
    linked = set()
    matrix({"dev": held}, link=lambda environment, check: linked.add(check) or f"#check-{check}")
    html = render_report(notebooks=[], evidence=evidence(checks=tuple(held)))
    assert linked == {"RET003", "COV003"}
    assert all(html.count(f'id="check-{check}"') == 1 for check in linked)


def test_a_rehearsal_that_could_not_be_done_is_not_an_empty_table():
    why = Unavailable(reason="no server has timescaledb", outcome=Outcome.ERRORED)
    text = repr(unavailable(why.reason, errored=True))
    assert "could not be read" in text
    assert "no server has timescaledb" in text
