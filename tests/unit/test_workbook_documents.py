"""From the rules of audit.toml to what the checks of documents and commands say about the files beside it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fix_documents import command
from migration_audit.audit.inputs.retirement import documents_inputs, load_commands, run_commands, save_commands
from migration_audit.checks import BY_ID, judge
from migration_audit.model.documents import CommandState
from migration_audit.model.finding import Outcome, Phase
from migration_audit.project import load_project

HEAD = """
[project]
name = "fleet"
[legacy]
sql = ["legacy/*.sql"]
[owner]
sql = ["owner/*.sql"]
[environments.prod]
dsn_env = "FLEET_PROD_DSN"
"""


@pytest.fixture
def judged(tmp_path):
    """The result of one check on a project with these rules and files."""

    def judge_it(check_id, rules, files):
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        (tmp_path / "audit.toml").write_text(HEAD + rules)
        (result,) = judge([BY_ID[check_id]], documents_inputs(load_project(tmp_path / "audit.toml")), Phase.RETIRED)
        return result

    return judge_it


def test_a_sentence_in_every_document_that_a_glob_names(judged):
    rule = '[[rule]]\ncheck = "DOC001"\nsays = ["It never runs DDL."]\nin = ["docs/**/*.md"]\nexcept = ["docs/old/**"]\n'
    files = {"docs/a.md": "It *never* runs DDL.", "docs/deep/b.md": "It does.", "docs/old/c.md": "It did."}
    result = judged("DOC001", rule, files)
    assert [f.where for f in result.findings] == ["docs/deep/b.md:1"]


def test_no_document_says_nothing_and_claims_nothing(judged):
    says = '[[rule]]\ncheck = "DOC001"\nsays = ["Yes."]\nin = ["docs/*.md"]\n'
    claims = '[[rule]]\ncheck = "DOC002"\nsays_not = ["Yes."]\nin = ["docs/*.md"]\n'
    files = {"docs/a.txt": "Yes."}
    assert [f.key for f in judged("DOC001", says, files).findings] == ["DOC001:docs/*.md"]
    assert judged("DOC002", claims, files).outcome is Outcome.PASSED
    misspelt = judged("DOC002", claims.replace("docs", "dox"), files)
    assert (misspelt.outcome, misspelt.required) == (Outcome.SKIPPED, True)


def test_a_document_that_is_not_text_decides_nothing(judged, tmp_path):
    rule = '[[rule]]\ncheck = "DOC002"\nsays_not = ["Yes."]\nin = ["a.md"]\n'
    (tmp_path / "a.md").write_bytes(b"x\ncaf\xe9")
    result = judged("DOC002", rule, {})
    assert (result.outcome, result.required) == (Outcome.SKIPPED, True)
    assert "a.md:2" in result.reason


def test_only_the_handbook_may_drop_the_ledger(judged):
    rules = """
[[rule]]
check = "DOC006"
says = ["DROP TABLE p.migrations_applied"]
in = ["OPERATIONS.md"]
if_there = true
[[rule]]
check = "DOC006"
drops = ["migrations_applied"]
in = ["**/*.{sql,sh,md}"]
except = ["OPERATIONS.md"]
"""
    assert judged("DOC006", rules, {"a.sql": "select 1;"}).reason == (
        "OPERATIONS.md does not exist, which its rule allows: no clean-up is documented there; "
        "1 file searched for statements that drop migrations_applied"
    )
    handbook = "# Operations\n\n```sql\nDROP TABLE p.migrations_applied;\n```\n"
    assert judged("DOC006", rules, {"OPERATIONS.md": handbook}).outcome is Outcome.PASSED
    assert judged("DOC006", rules, {"OPERATIONS.md": "# Operations\n"}).findings[0].where == "OPERATIONS.md:1"
    assert judged("DOC006", rules, {"owner/9.sql": "\nDROP TABLE migrations_applied;"}).findings[-1].where == "owner/9.sql:2"


COMMANDS = f"""
[[rule]]
check = "CMD001"
command = "'{sys.executable}' -c 'import os; print(sorted(k for k in os.environ if k.startswith(\\"FLEET\\"))); exit(1)'"
[[rule]]
check = "CMD001"
command = "true"
directory = "service"
time_limit = 5
"""


def test_commands_are_run_when_someone_asks_and_see_no_live_database(tmp_path, monkeypatch):
    monkeypatch.setenv("FLEET_PROD_DSN", "postgresql:///prod")
    monkeypatch.setenv("FLEET_COLOUR", "red")
    (tmp_path / "service").mkdir()
    (tmp_path / "audit.toml").write_text(HEAD + COMMANDS)
    project = load_project(tmp_path / "audit.toml")
    asked = documents_inputs(project)["commands"]
    assert [result.state for result in asked] == [CommandState.UNKNOWN, CommandState.UNKNOWN]
    reported = []
    results = run_commands(project, progress=reported.append)
    assert [(result.state, result.detail) for result in results] == [
        (CommandState.FAILED, "['FLEET_COLOUR']"),
        (CommandState.SUCCEEDED, None),
    ]
    assert reported[1] == "running true in service (at most 5 s)"
    (judged,) = judge([BY_ID["CMD001"]], documents_inputs(project, commands=results), Phase.RETIRED)
    assert [f.where for f in judged.findings] == ["audit.toml:11"]


def test_results_are_saved_for_other_processes(tmp_path: Path) -> None:
    result = command(CommandState.FAILED, summary="ended with exit code 1", detail="boom", where="x.xml:1")
    assert load_commands(tmp_path) is None
    save_commands(tmp_path, (result,))
    assert load_commands(tmp_path) == (result,)
