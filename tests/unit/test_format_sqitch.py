"""What Sqitch deploys of a project, and what its ledger says; tests/runners holds it against Sqitch."""

from __future__ import annotations

import hashlib
from functools import partial

import pytest

import fix_formats
from migration_audit.formats import EntryState, LedgerEntry, Plan, find_format
from migration_audit.formats.sqitch_plan import is_name
from migration_audit.model.errors import SourceError
from migration_audit.model.sql import SessionScope, TransactionMode

SQITCH = find_format("sqitch")
tree = partial(fix_formats.tree, shown="p")
BY = " 2026-01-01T00:00:00Z Me <me@example.org>\n"
HEAD = "%project=app\n\n"


def lines(*names: str) -> str:
    return HEAD + "".join(name + BY for name in names)


def plan(text: str, *scripts: str, **files: str) -> Plan:
    made = {name: f"-- {name}" for name in scripts}
    return SQITCH.plan([tree({"sqitch.plan": text, **made, **files})], {})


def test_scripts_come_in_the_order_of_the_plan() -> None:
    found = plan(lines("z", "app/b [z]", "a"), "deploy/a.sql", "deploy/z.sql", "deploy/app/b.sql")
    assert [file.path for file in found.files] == ["deploy/z.sql", "deploy/app/b.sql", "deploy/a.sql"]
    assert [file.entry for file in found.files] == ["app:z", "app:app/b", "app:a"]
    assert {file.transaction for file in found.files} == {TransactionMode.NONE}
    assert SQITCH.session is SessionScope.FILE
    assert found.files[0].checksum == hashlib.sha1(b"-- deploy/z.sql").hexdigest()
    assert found.variables == {"registry": "sqitch"}


REWORKS = {
    "its tag": (["a", "@v1", "a"], ["a@v1", "a"]),
    "the last tag before it comes again": (["a", "@v1", "b", "@v2", "a"], ["a@v2", "b", "a"]),
    "the script that is there": (["a", "@v1", "b", "@v2", "a"], ["a@v1", "b", "a"]),
    "twice": (["a", "@v1", "a", "@v2", "a"], ["a@v1", "a@v2", "a"]),
}


@pytest.mark.parametrize(("changes", "names"), REWORKS.values(), ids=REWORKS)
def test_a_reworked_change_has_the_script_of_its_tag(changes: list[str], names: list[str]) -> None:
    scripts = [f"deploy/{name}.sql" for name in names]
    assert [file.path for file in plan(lines(*changes), *scripts).files] == scripts


CONFIGS = {
    "top_dir": ("[core]\n top_dir = db", "db/sqitch.plan", "db/deploy/a.sql"),
    "plan_file": ("[core]\n plan_file = x.plan # here", "x.plan", "deploy/a.sql"),
    "of the engine": ('[core]\n top_dir = no\n[engine "pg"]\n\ttop_dir = ./db/', "db/sqitch.plan", "db/deploy/a.sql"),
    "of the target": (
        '[core]\nengine=pg\n[engine "pg"]\ntarget = t\ndeploy_dir=no\n[target "t"]\nuri=db:pg:x\ndeploy_dir = "up"\n',
        "sqitch.plan",
        "up/a.sql",
    ),
    "extension": ("[core]\n extension = ddl", "sqitch.plan", "deploy/a.ddl"),
    "upper case and continued": ("[CORE] TOP_DIR = d\\\nb\n", "db/sqitch.plan", "db/deploy/a.sql"),
}


@pytest.mark.parametrize(("conf", "where", "script"), CONFIGS.values(), ids=CONFIGS)
def test_sqitch_conf_says_where_things_are(conf: str, where: str, script: str) -> None:
    found = SQITCH.plan([tree({"sqitch.conf": conf, where: lines("a"), script: "select 1;"})], {})
    assert [file.path for file in found.files] == [script]


def test_variables_are_those_of_core_deploy_engine_and_target() -> None:
    conf = '[core "variables"]\nA = 1\nb = 1\n[deploy "variables"]\nb = 2\n[engine "pg.variables"]\nc = "x # y"\n'
    conf += '[engine "pg"]\nregistry = meta\n[deploy]\nverify = true\n'
    found = SQITCH.plan([tree({"sqitch.conf": conf, "sqitch.plan": lines("a"), "deploy/a.sql": ""})], {})
    assert found.variables == {"registry": "meta", "A": "1", "b": "2", "c": "x # y"}
    assert found.notes


def test_what_is_left_out_is_named() -> None:
    found = plan(lines("a"), "deploy/a.sql", "deploy/b.sql", "revert/a.sql", "verify/a.sql", "docs/x.sql")
    assert [(left.path, left.reason, left.by_rule) for left in found.not_applied] == [
        ("p/deploy/b.sql", "it is not in the plan", False),
        ("p/revert/a.sql", "revert script", True),
        ("p/verify/a.sql", "verify script", True),
    ]


REFUSED = {
    "no script": (lines("a", "d"), "p/sqitch.plan:4: the script p/deploy/d.sql of the change d does not exist"),
    "required after": (lines("a [b]", "b"), "p/sqitch.plan:3: a requires b, which is not planned before it"),
    "required at a later tag": (lines("a", "b [a@t]", "@t"), "p/sqitch.plan:4: b requires a@t"),
    "required of another project": (lines("a [x:y]"), "p/sqitch.plan:3: a requires x:y, which is not in this plan"),
    "required by its id": (lines(f"a [{'0' * 40}]"), "which is not in this plan"),
    "a conflict": (lines("a", "b [!a]"), "p/sqitch.plan:4: b conflicts with a, which is deployed before it"),
    "a conflict with nothing": (lines("a [!x]"), "p/sqitch.plan:3: a conflicts with x, which is not in the plan"),
    "a change twice": (lines("a", "a"), "p/sqitch.plan:4: the change a is also on line 3"),
    "a tag twice": (lines("a", "@t", "b", "@t"), "p/sqitch.plan:6: the tag t is also on line 4"),
    "a tag first": (lines("@t", "a"), "p/sqitch.plan:3: the tag t comes before the first change"),
    "a tag with dependencies": (lines("a", "@t [a]"), "p/sqitch.plan:4: a tag cannot have dependencies"),
    "a dependency twice": (lines("a", "b [a a]"), "p/sqitch.plan:4: the dependency a appears twice"),
    "no dependency": (lines("a", "b [@]"), "p/sqitch.plan:4: '@' is not a valid dependency"),
    "a reserved name": (lines("ROOT"), "p/sqitch.plan:3: ROOT is not a valid name for a change or a tag"),
    "a hash as name": (lines("0" * 40), "is not a valid name for a change or a tag"),
    "a name with punctuation": (lines("a."), "p/sqitch.plan:3: not a change or a tag"),
    "a change that is taken back": (lines("a", "-b"), "p/sqitch.plan:4: a line with - is not a change to deploy"),
    "no project": ("%syntax-version=1.0.0\n\n" + "a" + BY, "p/sqitch.plan:1: the plan lacks %project"),
    "a project without a name": ("%project=-x\n\na" + BY, "p/sqitch.plan:1: '-x' is not a valid project name"),
    "no blank line": ("%project=app\na" + BY, "p/sqitch.plan:2: a blank line must come"),
    "no time": (HEAD + "a Me <me@example.org>\n", "p/sqitch.plan:3: the time, or the planner's name"),
    "no planner": (HEAD + "a 2026-01-01T00:00:00Z\n", "p/sqitch.plan:3: the time, or the planner's name"),
    "no changes": (HEAD, "p/sqitch.plan: the plan lists no changes"),
}


@pytest.mark.parametrize(("text", "message"), REFUSED.values(), ids=REFUSED)
def test_what_sqitch_refuses_is_refused(text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        plan(text, "deploy/a.sql", "deploy/b.sql")
    assert message in str(caught.value)
    assert caught.value.todo


CONF_REFUSED = {
    "another engine": ({"sqitch.conf": "[core]\nengine = mysql"}, {}, "p/sqitch.conf:1: the engine is mysql"),
    "no setting": ({"sqitch.conf": "[core]\n= x"}, {}, "p/sqitch.conf:2: not a setting"),
    "above": (
        {},
        {"../sqitch.conf": "[core]\n top_dir = p"},
        "p: sqitch.conf is in a parent folder, and its paths are relative to that folder",
    ),
    "no plan": ({"sqitch.conf": "[core]\nplan_file = x"}, {}, "p/x: the plan is missing"),
    "the same script twice": (
        {"sqitch.plan": lines("a", "b"), "deploy/a.sql": "x", "deploy/b.sql": "x"},
        {},
        "p/sqitch.plan:4: p/deploy/b.sql has the same content as p/deploy/a.sql",
    ),
}


@pytest.mark.parametrize(("files", "other", "message"), CONF_REFUSED.values(), ids=CONF_REFUSED)
def test_a_folder_that_cannot_be_deployed_is_refused(files: dict[str, str], other: dict[str, str], message: str) -> None:
    base = {"sqitch.plan": lines("a"), "deploy/a.sql": "select 1;"}
    with pytest.raises(SourceError) as caught:
        SQITCH.plan([tree({**base, **files}, other=other)], {})
    assert message in str(caught.value)


def test_only_one_folder_is_read() -> None:
    with pytest.raises(SourceError, match="sqitch reads one folder"):
        SQITCH.plan([tree({}), tree({})], {})


NAMES = {"users": True, "app/b": True, "1": True, "x.y": True, "ä": True, "x_": True, "": False, ".x": False, "x!": False}
NAMES |= {"a b": False, "a:b": False, "x^3": False, "x/2": False, "x-2": True}


@pytest.mark.parametrize(("name", "expected"), NAMES.items(), ids=NAMES)
def test_names_are_those_that_sqitch_accepts(name: str, expected: bool) -> None:
    assert is_name(name) is expected


def row(change: str, script_hash: str | None = "h", project: str = "app") -> dict[str, str | None]:
    return {"change_id": "1", "script_hash": script_hash, "change": change, "project": project, "committed_at": "1"}


ROWS = {
    "deployed": ([row("a")], [EntryState.APPLIED, EntryState.ABSENT]),
    "reworked": ([row("a"), row("a")], [EntryState.APPLIED, EntryState.APPLIED]),
    "it was deployed with a different script": ([row("a", "x"), row("a")], [EntryState.CHANGED, EntryState.APPLIED]),
    "no hash": ([row("a", None)], [EntryState.APPLIED, EntryState.ABSENT]),
    "another project": ([row("a", project="b")], [EntryState.ABSENT, EntryState.ABSENT]),
}


@pytest.mark.parametrize(("rows", "states"), ROWS.values(), ids=ROWS)
def test_the_ledger_is_read_by_project_and_name(rows: list[dict[str, str | None]], states: list[EntryState]) -> None:
    assert SQITCH.ledger is not None
    entries = [
        LedgerEntry(name="app:a@v1", path="deploy/a@v1.sql", checksum="h"),
        LedgerEntry(name="app:a", path="a", checksum="h"),
    ]
    reading = SQITCH.ledger.read([*rows, row("gone")], entries)
    assert [verdict.state for verdict in reading.verdicts] == states
    assert "gone" in reading.beyond


def test_a_plan_is_recognised() -> None:
    conf = "[core]\ntop_dir = db"
    assert SQITCH.recognise(tree({"sqitch.plan": ""})) == "p/sqitch.plan is a Sqitch plan"
    assert SQITCH.recognise(tree({"db/sqitch.plan": "", "sqitch.conf": conf})) == "p/db/sqitch.plan is a Sqitch plan"
    assert SQITCH.recognise(tree({"db/sqitch.plan": ""})) is None
    assert SQITCH.recognise(tree({"deploy/a.sql": ""})) is None
