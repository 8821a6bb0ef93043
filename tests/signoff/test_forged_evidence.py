"""Whoever signs them: results, verdict, notebooks and reports that the facts of a run do not give pass nowhere."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fix_signed import ANN, BOB, NOW, World, restate, said
from migration_audit import signoff
from migration_audit.model.errors import AuditError
from migration_audit.model.signoff import Decision
from migration_audit.review import signing
from migration_audit.runner.rendering import recomputed

LATER = NOW + timedelta(hours=1)
Change = Callable[[World, Path], None]


def evidence(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "evidence.json").read_text())


def write(folder: Path, body: dict[str, Any]) -> None:
    (folder / "evidence.json").write_text(json.dumps(body))


def with_evidence(**changes: Any) -> Change:
    """The evidence says something else, and nothing else was changed."""
    return lambda _, folder: write(folder, {**evidence(folder), **changes})


def without(name: str) -> Change:
    return lambda _, folder: write(folder, {k: v for k, v in evidence(folder).items() if k != name})


def check(name: str, **changes: Any) -> Change:
    def change(_: World, folder: Path) -> None:
        checks = [c | changes if c["id"] == name else c for c in evidence(folder)["checks"]]
        write(folder, {**evidence(folder), "checks": checks})

    return change


def leave_out(name: str) -> Change:
    return lambda _, folder: write(
        folder, {**evidence(folder), "checks": [c for c in evidence(folder)["checks"] if c["id"] != name]}
    )


def twice(_: World, folder: Path) -> None:
    checks = evidence(folder)["checks"]
    write(folder, {**evidence(folder), "checks": [*checks, checks[-1]]})


def all_clean(_: World, folder: Path) -> None:
    """Evidence by hand: everything passed."""
    body = evidence(folder)
    checks = [{**c, "outcome": "passed", "findings": [], "reason": None} for c in body["checks"]]
    write(folder, {**body, "verdict": "clean", "checks": checks})


def text_of(name: str, content: str) -> Change:
    return lambda _, folder: (folder / name).write_text(content) and None


def gone(name: str) -> Change:
    def change(_: World, folder: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return change


def notebook_says_clean(_: World, folder: Path) -> None:
    path = folder / "40_signoff.ipynb"
    body = json.loads(path.read_text())
    for cell in body["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = json.loads(json.dumps(cell["outputs"]).replace("blocked", "clean"))
    path.write_text(json.dumps(body))


def own_notebook(_: World, folder: Path) -> None:
    """A changed notebook, which the evidence calls the packaged one."""
    path = folder / "40_signoff.ipynb"
    body = json.loads(path.read_text())
    body["cells"].append({"cell_type": "code", "source": "print('clean')", "metadata": {}, "outputs": []})
    path.write_text(json.dumps(body))


def without_notebook(_: World, folder: Path) -> None:
    (folder / "20_live_catalog.ipynb").unlink()
    books = [n for n in evidence(folder)["notebooks"] if n["name"] != "20_live_catalog.ipynb"]
    write(folder, {**evidence(folder), "notebooks": books})


def facts(name: str, content: bytes) -> Change:
    return lambda _, folder: (folder / "facts" / name).write_bytes(gzip.compress(content)) and None


def behind(_: World, folder: Path, more: bytes = b"") -> None:
    """Readers of gzip take a second member for the rest of the first one."""
    path = folder / "facts" / "shared.json.gz"
    path.write_bytes(path.read_bytes() + (more or gzip.compress(b" ")))


def behind_zeros(world: World, folder: Path) -> None:
    behind(world, folder, b"\0" * 512)


def with_facts(part: str, **changes: Any) -> Change:
    def change(_: World, folder: Path) -> None:
        path = folder / "facts" / f"{part}.json.gz"
        path.write_bytes(gzip.compress(json.dumps({**json.loads(gzip.decompress(path.read_bytes())), **changes}).encode()))

    return change


def facts_of(environment: str = "prod", **how: Any) -> Change:
    """The facts of another run, in which nothing is wrong."""

    def change(world: World, folder: Path) -> None:
        other = world.run(environment, **how)
        shutil.rmtree(folder / "facts")
        shutil.move(other / "facts", folder / "facts")
        shutil.rmtree(other)

    return change


def other_settings(_: World, folder: Path) -> None:
    """Settings among the facts under which nothing would be found."""
    path = folder / "facts" / "audit.toml"
    path.write_text(path.read_text() + '\n[scope]\nexclude = [{ pattern = "*", reason = "x" }]\n')


def cut(_: World, folder: Path) -> None:
    path = folder / "facts" / "live.json.gz"
    path.write_bytes(path.read_bytes()[:-20])


def bomb(_: World, folder: Path) -> None:
    (folder / "facts" / "live.json.gz").write_bytes(gzip.compress(b" " * ((1 << 28) + 1), compresslevel=1))


def verdict_twice(_: World, folder: Path) -> None:
    path = folder / "evidence.json"
    path.write_text('{"verdict": "clean",' + path.read_text()[1:])


def with_notebook(change: Callable[[dict[str, Any]], None]) -> Change:
    def changed(_: World, folder: Path) -> None:
        path = folder / "40_signoff.ipynb"
        book = json.loads(path.read_text())
        change(book)
        path.write_text(json.dumps(book))

    return changed


def shown_output(book: dict[str, Any]) -> dict[str, Any]:
    return next(output for cell in book["cells"] for output in cell.get("outputs", ()) if "data" in output)


def injected(source: str, printed: str = "") -> dict[str, Any]:
    outputs = [{"output_type": "stream", "name": "stdout", "text": printed}] if printed else []
    return {"cell_type": "code", "source": source, "outputs": outputs, "metadata": {"tags": ["injected-parameters"]}}


def one_more_notebook(_: World, folder: Path) -> None:
    shutil.copy(folder / "40_signoff.ipynb", folder / "05_summary.ipynb")


WAIVED = {
    "finding": "LIV004:index:public.i",
    "reason": "known",
    "owner": "ann",
    "expires": "2099-01-01",
    "at": "audit.toml:1",
    "state": "applied",
}
DEEP = "[" * 200_000
FORGERIES: dict[str, tuple[Change, str]] = {
    "everything passed": (all_clean, "LIV004: the facts give failed, but the evidence has passed"),
    "a failure that passed": (
        check("LIV004", outcome="passed", findings=[]),
        "LIV004: the facts give failed, but the evidence has passed",
    ),
    "a failure that is skipped": (
        check("LIV004", outcome="skipped"),
        "LIV004: the facts give failed, but the evidence has skipped",
    ),
    "fewer findings": (check("LIV004", findings=[]), "LIV004: the evidence differs from what the facts give: findings"),
    "a lower severity": (
        check("LIV004", severity="warning"),
        "LIV004: the evidence differs from what the facts give: severity",
    ),
    "a check left out": (leave_out("LIV004"), "LIV004: the facts give failed, but the evidence lacks it"),
    "no checks": (with_evidence(checks=[]), "LIV004: the facts give failed, but the evidence lacks it"),
    "a check twice": (twice, "the evidence contains a check twice"),
    "a check that is none": (
        check("LIV004", id="LIV999"),
        "LIV999: the evidence has failed, but this audit has no such check",
    ),
    "another verdict": (with_evidence(verdict="clean"), "verdict: the facts give blocked, but the evidence has clean"),
    "no server": (with_evidence(server=None), "server: the facts give otherwise"),
    "another snapshot": (with_evidence(snapshots={"live": "sha256:" + "0" * 64}), "snapshots: the facts give otherwise"),
    "a waiver by hand": (with_evidence(waivers=[WAIVED]), "waivers: the facts give otherwise"),
    "no sources": (with_evidence(sources=[]), "sources: the facts give otherwise"),
    "an unknown version": (with_evidence(schema_version=99), "schema version 99"),
    "no version": (without("schema_version"), "has schema version None"),
    "another program": (with_evidence(tool="migration-audit 0.0.1"), "written by migration-audit 0.0.1"),
    "no checks field": (without("checks"), "required field missing @ $.checks"),
    "no notebooks field": (without("notebooks"), "required field missing @ $.notebooks"),
    "no configuration": (without("config"), "required field missing @ $.config"),
    "checks of another type": (with_evidence(checks={"LIV004": 1}), "@ $.checks"),
    "a field more": (with_evidence(approved=True), "extra fields found (approved)"),
    "a field more in a check": (check("LIV004", ignored=True), "extra fields found (ignored)"),
    "an unknown outcome": (check("LIV004", outcome="fine"), "cannot be read"),
    "an unknown verdict": (with_evidence(verdict="fine"), "cannot be read"),
    "a time without a zone": (with_evidence(generated_at="2026-11-23T12:00:00"), "@ $.generated_at"),
    "a time as a number": (with_evidence(generated_at=1795435200), "@ $.generated_at"),
    "complete as a text": (with_evidence(complete="true"), "@ $.complete"),
    "evidence that is a list": (text_of("evidence.json", "[]"), "must be a JSON object"),
    "a version that is true": (with_evidence(schema_version=True), "has schema version True"),
    "another phase": (with_evidence(phase="retired"), "phase: the facts are of preflight, but the evidence has retired"),
    "an earlier time": (
        with_evidence(generated_at=f"{NOW - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"),
        "generated_at: the facts were read at",
    ),
    "another report": (text_of("report.html", "<h1>CLEAN</h1>"), "report.html does not match the facts and the evidence"),
    "another summary": (text_of("summary.md", "clean"), "summary.md does not match the facts and the evidence"),
    "another junit": (text_of("junit.xml", "<testsuites/>"), "junit.xml does not match the facts and the evidence"),
    "another sarif": (text_of("results.sarif", "{}"), "results.sarif does not match the facts and the evidence"),
    "no report": (gone("report.html"), "or it is not a statement of a run"),
    "a notebook that says clean": (notebook_says_clean, "40_signoff.ipynb: its outputs do not match the facts"),
    "a changed notebook that is called ours": (
        own_notebook,
        "notebooks: the evidence does not match the executed notebooks",
    ),
    "a notebook more": (one_more_notebook, "05_summary.ipynb is not a file that a run writes"),
    "a file more among the facts": (text_of("facts/more.json", "{}"), "facts/more.json is not a file that a run writes"),
    "a notebook left out": (without_notebook, "20_live_catalog.ipynb was not executed"),
    "no facts": (gone("facts"), "the run has no"),
    "no facts of the environment": (gone("facts/environment.json.gz"), "facts/environment.json.gz: the run has no facts"),
    "no catalog": (gone("facts/owner.json.gz"), "owner.json.gz"),
    "no settings": (gone("facts/audit.toml"), "facts/audit.toml: the run has no settings"),
    "it was audited with different settings than those in": (
        other_settings,
        "config.sha256: the evidence names a different audit.toml",
    ),
    "facts of a better run": (
        facts_of(at=NOW - timedelta(hours=2)),
        "LIV004: the facts give passed, but the evidence has failed",
    ),
    "facts of last week": (facts_of(at=NOW - timedelta(days=7)), "generated_at: the facts were read at"),
    "facts of another environment": (facts_of("dev"), "environment: the facts are of dev, but the evidence has prod"),
    "facts of another phase": (
        facts_of(phase="retired", at=NOW - timedelta(minutes=1)),
        "phase: the facts are of retired, but the evidence has preflight",
    ),
    "facts with a field too many": (with_facts("shared", more=1), "does not have the fields of this version: more"),
    "facts of another type": (with_facts("shared", stack=[1]), "stack: cannot be read"),
    "facts with a key twice": (facts("live.json.gz", b'{"a":1,"a":1}'), "'a' appears twice in one object"),
    "facts that are deep": (facts("live.json.gz", DEEP.encode()), "nested too deeply"),
    "facts that are no JSON": (facts("shared.json.gz", b"{"), "is not JSON"),
    "facts with something behind them": (behind, "shared.json.gz: has trailing data"),
    "facts with nothing but zeros behind them": (behind_zeros, "shared.json.gz: has trailing data"),
    "facts that are cut": (cut, "live.json.gz: cannot be read"),
    "facts that are huge": (bomb, "unpacks to more than 256 MiB"),
    "deep evidence": (text_of("evidence.json", DEEP), "evidence.json is not JSON that can be read: it is nested too deeply"),
    "evidence with a key twice": (verdict_twice, "'verdict' appears twice in one object"),
    "an attachment of a notebook": (
        with_notebook(lambda book: book["cells"][0].update(attachments={"a.png": {"image/png": "aaaa"}})),
        "40_signoff.ipynb: cell 1 has attachments",
    ),
    "a notebook with a title of its own": (
        with_notebook(lambda book: book["metadata"].update(title="clean")),
        "40_signoff.ipynb: its metadata has title",
    ),
    "a cell that hides": (
        with_notebook(lambda book: book["cells"][0]["metadata"].update(jupyter={"source_hidden": True})),
        "40_signoff.ipynb: the metadata of cell 1 has jupyter",
    ),
    "an output with metadata": (
        with_notebook(lambda book: shown_output(book).update(metadata={"text/html": {"isolated": True}})),
        "has text/html",
    ),
    "a cell that says it gives parameters": (
        with_notebook(lambda book: book["cells"].append(injected("print('clean')"))),
        "is not a parameters cell of papermill",
    ),
    "parameters with an output": (
        with_notebook(lambda book: book["cells"].append(injected("phase = 'preflight'", "clean"))),
        "is not a parameters cell of papermill",
    ),
    "a deep notebook": (text_of("30_boot_and_retirement.ipynb", DEEP), "nested too deeply"),
}


def sign_anyway(world: World, folder: Path) -> Path:
    """Both reviewers sign what ``sign`` of this version would not have shown them."""
    for who in (ANN, BOB):
        authority = world.authority()
        proposal = signoff.propose(folder, authority, reviewer=who, now=LATER)
        what = signing.decision_of(proposal, reviewer=who, decision=Decision.APPROVE, comment="", expires=None, now=LATER)
        signoff.add_signature(proposal, what, authority, key=str(world.key(who)), page_of=signing.signed_page, now=LATER)
        folder = proposal.target
    return folder


def forged(world: World, name: str) -> Path:
    """A run of a database that lacks an index, changed, with a statement that names the files as they are then."""
    folder = world.run(gone=["i"])
    FORGERIES[name][0](world, folder)
    restate(folder)
    return folder


@pytest.mark.parametrize("name", FORGERIES)
def test_what_the_facts_do_not_give_is_neither_signed_nor_verified(world: World, name: str) -> None:
    folder = forged(world, name)
    with pytest.raises(AuditError) as refused:
        world.sign(folder)
    assert FORGERIES[name][1] in str(refused.value)
    found = world.verify(folder)
    assert (found.exit_code, FORGERIES[name][1] in said(found.about_run)) == (4, True)


@pytest.mark.parametrize(
    "name",
    ["everything passed", "a check left out", "another report", "no facts", "facts of last week", "another program"],
)
def test_the_gate_stays_closed_whoever_signed(world: World, name: str) -> None:
    sign_anyway(world, forged(world, name))
    gate = world.gate()["prod"]
    assert gate.exit_code == 4
    assert FORGERIES[name][1] in " ".join(r.text for r in gate.requirements if r.ok is False)


def test_without_a_forgery_both_are_open(world: World) -> None:
    """Otherwise nothing above could fail."""
    signed = sign_anyway(world, world.run())
    assert world.verify(signed).exit_code == 0
    assert world.gate()["prod"].exit_code == 0


OWN = ("20_live_catalog.ipynb",)


def test_changed_notebooks_are_refused_and_shown(world: World) -> None:
    folder = world.run(own=OWN)
    with pytest.raises(AuditError, match="changed notebooks were executed: 20_live_catalog"):
        world.sign(folder)
    for page in ("report.html", "summary.md"):
        assert "Changed notebooks were executed instead of the packaged ones" in (folder / page).read_text()
    signed = sign_anyway(world, folder)
    assert "changed notebooks were executed" in said(world.verify(signed).about_policy)
    gate = world.gate()["prod"]
    assert (gate.exit_code, [r.need.value for r in gate.requirements if r.ok is False]) == (4, ["the packaged notebooks"])


def test_a_policy_may_allow_changed_notebooks(world: World) -> None:
    world.edit("quorum = 2", "quorum = 2\nchanged_notebooks = true")
    world.commit()
    world.publish()
    signed = world.sign(world.sign(world.run(own=OWN), ANN), BOB)
    assert world.verify(signed).exit_code == 0
    gate = world.gate()["prod"]
    assert gate.exit_code == 0
    assert any("changed notebooks were executed" in r.text and r.ok is None for r in gate.requirements)


STATEMENTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a field more": lambda body: body.update(note="all clean"),
    "another digest": lambda body: body["subject"][0]["digest"].update(sha512="0" * 128),
    "a field more of a file": lambda body: body["subject"][0].update(uri="https://example.org"),
    "a field more of the predicate": lambda body: body["predicate"].update(approved=True),
    "another type": lambda body: body.update(_type="https://in-toto.io/Statement/v9"),
    "a file less": lambda body: body["subject"].pop(),
    "a file more": lambda body: body["subject"].append({"name": "x", "digest": {"sha256": "0" * 64}}),
    "a file twice": lambda body: body["subject"].append(dict(body["subject"][0])),
    "a file outside": lambda body: body["subject"][0].update(name="../../x"),
    "a file by another path": lambda body: body["subject"][0].update(name="./" + body["subject"][0]["name"]),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_says_what_a_run_writes_and_no_more(world: World, name: str) -> None:
    folder = world.run()
    path = folder / "statement.json"
    body = json.loads(path.read_text())
    STATEMENTS[name](body)
    path.write_text(json.dumps(body))
    with pytest.raises(AuditError, match="statement"):
        world.sign(folder)
    assert world.verify(folder).exit_code == 4


def test_what_was_computed_once_holds_for_that_folder_alone(world: World) -> None:
    """A gate asks about several runs in one process: one with a file more is not the one without."""
    folder = world.run()
    found = signoff.evidence_of(folder)
    assert {s.ok for s in recomputed(folder, found)} == {True}
    more = {
        "facts/signoff/notes.json": lambda path: path.write_text("{}"),
        "away": lambda path: path.symlink_to("nowhere"),
        "pipe": os.mkfifo,
    }
    for name, make in more.items():
        (folder / name).parent.mkdir(exist_ok=True)
        make(folder / name)
        assert [s.text for s in recomputed(folder, found)] == [f"{name} is not a file that a run writes"]
        (folder / name).unlink()
    assert {s.ok for s in recomputed(folder, found)} == {True}
