"""What may differ between what was audited and what is merged: the signed work list's files, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from fix_audited import DONE, FILES, audit, gate, retire
from fix_signed import ANN, BOB, NOW, World
from migration_audit import demo
from migration_audit.audit.inputs.artifact_digests import artifact_digests


def test_before_anything_is_done(audited: World) -> None:
    assert gate(audited) == (0, "")


@pytest.mark.parametrize("committed", [True, False], ids=["committed", "in the work tree"])
@pytest.mark.parametrize("policy", ["origin/main", None])
def test_the_deletion_as_the_work_list_has_it(audited: World, committed: bool, policy: str | None) -> None:
    retire(audited)
    if committed:
        audited.commit()
    assert gate(audited, policy_from=policy) == (0, "")


def test_a_part_of_it(audited: World) -> None:
    audited.write("docs/readme.md", DONE["docs/readme.md"])
    assert gate(audited) == (0, "")


WRONG = {
    "the boot of the stack": (
        {"compose.yaml": FILES["compose.yaml"].replace(", depends_on: [db]", "")},
        "changed: compose.yaml",
    ),
    "a script that DDL is looked for in": ({"entrypoint.sh": "#!/bin/sh\nrm -rf /\n"}, "changed: entrypoint.sh"),
    "SQL after the boot": ({"post/001.sql": "DROP TABLE a CASCADE;\n"}, "changed: post/001.sql"),
    "more SQL after the boot": ({"post/002.sql": "DROP TABLE a;\n"}, "new: post/002.sql"),
    "code that has no work in it": ({"app/pool.ts": "export const pool = null;\n"}, "changed: app/pool.ts"),
    "code that is gone": ({"app/pool.ts": None}, "gone: app/pool.ts"),
    "new code": ({"app/new.ts": "export {};\n"}, "new: app/new.ts"),
    "a new document": ({"docs/new.md": "# New\n"}, "new: docs/new.md"),
    "owner SQL": ({"owner/001_a.sql": "CREATE TABLE a ();\n"}, "changed: owner/001_a.sql"),
    "more owner SQL": ({"owner/004_tidy.sql": "DROP INDEX i;\n"}, "new: owner/004_tidy.sql"),
    "owner SQL that is gone": ({"owner/001_a.sql": None}, "gone: owner/001_a.sql"),
    "legacy SQL that stays, otherwise": ({"legacy/0001_a.sql": "CREATE TABLE a ();\n"}, "changed: legacy/0001_a.sql"),
    "more legacy SQL": ({"legacy/0002_b.sql": "CREATE TABLE b ();\n"}, "new: legacy/0002_b.sql"),
    "work that is not done": ({"app/main.ts": FILES["app/main.ts"] + "// later\n"}, "RET003:app/main.ts:call:migrate"),
    "DDL in a file that has work in it": (
        {"app/main.ts": "await sql`CREATE TABLE t ()`;\n"},
        "RET005:app/main.ts:CREATE TABLE",
    ),
    "a claim in a document that has work in it": (
        {"docs/readme.md": "It runs its migrations, twice. It runs its migrations.\n"},
        "DOC002:docs/readme.md",
    ),
    "a file that cannot be read any more": ({"app/package.json": "{"}, "RET006 can no longer be checked:"),
}


@pytest.mark.parametrize(("files", "reason"), WRONG.values(), ids=list(WRONG))
def test_what_the_work_list_does_not_name(audited: World, files, reason) -> None:
    retire(audited)
    for name, text in files.items():
        if text is None:
            (audited.root / name).unlink()
        else:
            audited.write(name, text)
    audited.commit()
    code, reported = gate(audited)
    assert (code, reason in reported) == (4, True), reported


STACK = """# It runs its migrations.
services:
  db:
    image: postgres
    healthcheck: {test: [CMD, pg_isready]}
  owner:
    image: owner
    depends_on: {db: {condition: service_healthy}}
    healthcheck: {test: [CMD, wget, -q, --spider, "http://localhost:8055/server/ping"]}
  app:
    image: app
    depends_on: {owner: {condition: "${WAIT:-service_healthy}"}}
"""
BOOT = """
[boot]
compose = ["compose.yaml"]
database_service = "db"
owner_service = "owner"
writer_service = "app"
post_sql = ["post/*.sql"]
"""
DROP = "DROP TABLE IF EXISTS migrations_applied;\n"
BEYOND_THE_WORK = {
    "nothing": ({}, 0, ""),
    "a variable of the stack": ({".env": "WAIT=service_started\n"}, 4, "BOOT002"),
    "the order of the stack": ({"compose.yaml": STACK.replace(":-service_healthy", ":-service_started")}, 4, "BOOT002"),
    "SQL after the boot, in which work is": ({"post/001.sql": "DROP TABLE a CASCADE;\n"}, 4, "changed: post/001.sql"),
}


@pytest.fixture(scope="module")
def booted_once(audited_once: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """The same with a stack: its file holds a claim, and SQL after its boot drops a ledger, so that both are work."""
    made = audited_once.copy(tmp_path_factory.mktemp("booted") / "repo")
    made.git("checkout", "-q", "main")
    made.edit('in = ["docs/*.md"]', 'in = ["docs/*.md", "compose.yaml"]')
    made.write("audit.toml", made.toml + BOOT)
    made.write("compose.yaml", STACK)
    made.write("post/001.sql", DROP)
    made.commit()
    audit(made, at=NOW + timedelta(minutes=5))
    made.commit("signed")
    made.publish()
    made.git("checkout", "-q", "-B", "retire")
    retire(made)
    made.write("compose.yaml", STACK.partition("\n")[2])
    made.commit()
    return made


@pytest.mark.parametrize(("files", "code", "reason"), BEYOND_THE_WORK.values(), ids=list(BEYOND_THE_WORK))
def test_more_than_the_work_in_a_stack(booted_once: World, tmp_path: Path, files, code: int, reason: str) -> None:
    world = booted_once.copy(tmp_path / "repo")
    for name, text in files.items():
        world.write(name, text)
    world.commit()
    found, text = gate(world)
    assert (found, reason in text) == (code, True), text


def test_variables_of_the_stack_alone(booted_once: World, tmp_path: Path) -> None:
    """No audited file differs, and no digest of this one is kept."""
    world = booted_once.copy(tmp_path / "repo")
    world.git("checkout", "-q", "-B", "retire", "main")
    world.write(".env", "WAIT=service_started\n")
    world.commit()
    code, text = gate(world)
    assert (code, "BOOT002" in text) == (4, True), text


def test_globs_of_the_branch_do_not_leave_a_file_out(audited: World) -> None:
    audited.write("owner/004_tidy.sql", "DROP INDEX i;\n")
    audited.edit('sql = ["owner/*.sql"]', 'sql = ["owner/00[1-3]*.sql"]')
    audited.commit()
    code, reported = gate(audited)
    assert code == 4
    assert "owner: new: owner/004_tidy.sql" in reported
    assert "audits less than that of origin/main: [owner] sql" in reported


# What main has.


def on_main(world: World, **files: str | None) -> None:
    """main goes on while the branch stays where it is."""
    world.git("checkout", "-q", "main")
    for name, text in files.items():
        path = name.replace("__", "/").replace("_dot_", ".")
        world.git("rm", "-q", path) if text is None else world.write(path, text)
    world.commit("on main")
    world.publish()
    world.git("checkout", "-q", "retire")


def test_main_went_on_with_something_else(audited: World) -> None:
    on_main(audited, README_dot_md="# hello\n")
    retire(audited)
    audited.commit()
    assert gate(audited) == (0, "")


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"owner__002_b_dot_sql": "CREATE TABLE b ();\n"}, "owner/002_b.sql (new)"),
        ({"app__pool_dot_ts": "export const pool = 1;\n"}, "app/pool.ts (changed)"),
        ({"legacy__0002_b_dot_sql": "CREATE TABLE b ();\n"}, "legacy/0002_b.sql (new)"),
        ({"owner__001_a_dot_sql": None}, "owner/001_a.sql (removed)"),
        ({"app__new_dot_ts": "migrate();\n"}, "app/new.ts (new)"),
    ],
    ids=["owner SQL", "code", "legacy SQL", "owner SQL gone", "new code"],
)
@pytest.mark.parametrize("merged", [False, True], ids=["stale", "merged and taken back"])
def test_main_went_on_and_the_merge_was_not_audited(audited: World, files, reason: str, merged: bool) -> None:
    before = audited.git("rev-parse", "HEAD")
    on_main(audited, **files)
    if merged:
        if any(text is None for text in files.values()):
            pytest.skip("taking a removal back is no removal")
        audited.git("merge", "-q", "main")
        audited.git("checkout", "-q", before, "--", ".")
        for name in files:
            path = name.replace("__", "/").replace("_dot_", ".")
            if audited.git("ls-tree", before, "--", path) == "":
                audited.git("rm", "-q", "-f", path)
        audited.commit("taken back")
    code, reported = gate(audited)
    if merged and "changed" in reason:
        assert (code, reported) == (0, "")  # the audited bytes again
    else:
        assert (code, reason in reported) == (4, True), reported


def test_main_has_other_settings_since(audited: World) -> None:
    text = audited.toml.replace("[legacy]", '[[probe]]\nname = "p"\nsql = "SELECT 1"\n[legacy]')
    on_main(audited, audit_dot_toml=text)
    code, reported = gate(audited)
    assert (code, "[[probe]] was removed" in reported) == (4, True), reported


# Content decides.


def rebased(world: World) -> None:
    on_main(world, README_dot_md="# hello\n")
    world.git("rebase", "-q", "main")


def squashed(world: World) -> None:
    world.git("checkout", "-q", "-B", "squash", "main")
    world.git("merge", "-q", "--squash", "retire")
    world.commit("squashed")


def merged_into_main(world: World) -> None:
    world.git("checkout", "-q", "main")
    world.git("merge", "-q", "--no-ff", "-m", "merge", "retire")
    world.publish()


def squashed_into_main(world: World) -> None:
    squashed(world)
    world.publish()


def of_another_history(world: World) -> None:
    """As after a squash of everything: the audited commit is nowhere."""
    world.git("checkout", "-q", "--orphan", "fresh")
    world.commit("fresh")


@pytest.mark.parametrize("change", [rebased, squashed, merged_into_main, squashed_into_main, of_another_history])
def test_the_same_bytes_by_another_way(audited: World, change) -> None:
    retire(audited)
    audited.commit()
    change(audited)
    assert gate(audited) == (0, "")


def test_a_shallow_clone(audited: World, tmp_path: Path) -> None:
    retire(audited)
    audited.commit()
    clone = tmp_path / "clone"
    source = f"file://{audited.root}"
    for command in (
        ["clone", "-q", "--depth", "1", "--branch", "retire", source, str(clone)],
        ["-C", str(clone), "fetch", "-q", "--depth", "1", "origin", "+refs/heads/main:refs/remotes/origin/main"],
    ):
        subprocess.run(["git", *command], check=True, capture_output=True, env={**os.environ})
    shallow = World(root=clone, keys=audited.keys)
    assert gate(shallow) == (0, "")
    notes = [r.text for r in shallow.gate(policy_from="origin/main")["prod"].requirements if r.ok is None]
    assert [text for text in notes if text.startswith("shallow clone: only its commits were searched")]


# The settings.


WAIVER = '[[waiver]]\nfinding = "LIV004:x"\nenvironment = "prod"\nreason = "r"\nowner = "o"\nexpires = 2099-01-01\n'
LESS = {
    "scope": ("[legacy]", '[[scope.exclude]]\npattern = "*"\nreason = "none"\n[legacy]', "[[scope.exclude]] is new"),
    "schemas": ("[legacy]", '[scope]\nschemas = ["none"]\n[legacy]', '[scope] schemas is ["none"]'),
    "a rule": (
        '[[rule]]\ncheck = "RET005"\nddl = true\nin = ["app/**/*.ts", "entrypoint.sh"]\n',
        "",
        "[[rule]] was removed",
    ),
    "what stays": ('[[rule]]\ncheck = "RET009"\npresent = ["compose.yaml"]\n', "", "[[rule]] was removed"),
    "weight": ("[legacy]", '[rules]\ncomments = "info"\n[legacy]', "[rules] comments is"),
    "an environment": ('[environments.dev]\ndsn_env = "TRM_DEV"\n', "", "[environments.dev] dsn_env was removed"),
    "a database": ('dsn_env = "TRM_PROD"', 'dsn_env = "TRM_DEV"', '[environments.prod] dsn_env is "TRM_DEV"'),
    "a waiver": (
        "[environments.dev]",
        f"{WAIVER}[environments.dev]",
        "[[waiver]] is new",
    ),
    "rows": ("[legacy]", '[[seed]]\ntable = "*"\nmode = "ignore"\n[legacy]', "[[seed]] is new"),
}


@pytest.mark.parametrize(("old", "new", "text"), LESS.values(), ids=list(LESS))
@pytest.mark.parametrize("when", ["audited so", "proposed so"])
def test_less_than_the_policy_asks_for(audited: World, old: str, new: str, text: str, when: str) -> None:
    audited.edit(old, new)
    audited.commit()
    if when == "audited so":
        audit(audited, at=NOW + timedelta(minutes=30))
        audited.commit()
    code, reported = gate(audited)
    assert (code, text in reported) == (4, True), reported


@pytest.mark.slow
def test_a_rule_that_only_the_branch_has_does_not_lengthen_the_work_list(audited: World) -> None:
    audited.write("audit.toml", audited.toml + '[[rule]]\ncheck = "RET004"\nmentions = ["Pool"]\nin = ["app/pool.ts"]\n')
    audited.commit()
    audit(audited, at=NOW + timedelta(minutes=30))
    audited.write("app/pool.ts", "export const pool = null;\n")
    audited.commit()
    code, reported = gate(audited)
    assert (code, "changed: app/pool.ts" in reported, "[[rule]] is new" in reported) == (4, True, True), reported


def test_more_than_the_policy_asks_for(audited: World) -> None:
    audited.edit('dsn_env = "TRM_PROD"', 'dsn_env = "TRM_PROD"\ndatabase = "trm_prod"')
    audited.commit()
    audit(audited, at=NOW + timedelta(minutes=30))
    assert gate(audited) == (0, "")


def test_comments_and_the_policy_of_the_branch_are_no_settings_of_the_audit(audited: World) -> None:
    audited.write("audit.toml", "# hello\n" + audited.toml.replace("quorum = 2", "quorum = 1"))
    assert gate(audited) == (0, "")


# The first user's own tree.


@pytest.mark.slow
def test_the_retirement_of_the_example(tmp_path: Path, signing_keys: Path, retired_tree: Path) -> None:
    before, after = Path(demo.__file__).with_name("trm"), retired_tree
    world = World(root=tmp_path / "trm", keys=signing_keys)
    shutil.copytree(before, world.root)
    world.git("init", "-q", "-b", "main")
    world.write("audit.toml", world.toml + '\n[policy]\nallowed_signers = ".audit/allowed_signers"\nquorum = 2\n')
    world.allow(ANN, BOB)
    world.commit()
    world.publish()
    files = [{"path": path, "sha256": sha256} for path, sha256 in artifact_digests(world.project)]
    world.sign(world.sign(world.run(artifacts=files), ANN, anyway=True), BOB, anyway=True)
    toml = world.toml
    world.git("checkout", "-q", "-b", "retire")
    for path in [p for p in before.rglob("*") if p.is_file() and not (after / p.relative_to(before)).exists()]:
        (world.root / path.relative_to(before)).unlink()
    (world.root / "processor/src/db/migrations").rmdir()
    shutil.copytree(after, world.root, dirs_exist_ok=True)
    world.write("audit.toml", toml)
    world.commit()
    reported = gate(world)[1]
    assert "the same SQL" not in reported, reported
    world.edit("condition: service_healthy", "condition: service_started", "deploy/compose.yaml")
    assert "changed: deploy/compose.yaml" in gate(world)[1]
