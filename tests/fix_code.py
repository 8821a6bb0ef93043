"""Rules about a program's files, the facts that answer them, and a way to judge a tree that a test writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from migration_audit.audit.inputs.retirement import retirement_inputs
from migration_audit.checks import BY_ID, judge
from migration_audit.model.code import (
    Call,
    CodeFile,
    CodeName,
    CodeScope,
    Ddl,
    Import,
    LibraryDependency,
    Literal,
    ManifestScope,
    ManifestScript,
    PathFact,
    Unread,
)
from migration_audit.model.finding import CheckResult, Outcome, Phase
from migration_audit.model.location import Location
from migration_audit.model.preflight import SourceFacts
from migration_audit.project import AuditRule, Project, Verb, load_project

MAIN = "processor/src/main.ts"
MODULE = "processor/src/db/migrate.ts"
IN = ("processor/src/**/*.ts",)


def rule(check: str, verb: Verb, *what: str, line: int, **given: Any) -> AuditRule:
    return AuditRule(check=check, verb=verb, what=what, at=Location("audit.toml", line), **given)


RET001 = rule("RET001", Verb.ABSENT, "processor/src/db/migrations", line=101)
RET002 = rule("RET002", Verb.ABSENT, MODULE, line=102)
RET003 = rule("RET003", Verb.CALLS, "migrate", line=103, module=MODULE, files=IN)
RET004 = rule("RET004", Verb.MENTIONS, "migrations_applied", line=104, files=IN)
RET005 = rule("RET005", Verb.DDL, line=105, files=IN)
RET006 = rule("RET006", Verb.PACKAGES, "node-pg-migrate", line=106, files=("processor/package.json",))
RET009 = rule("RET009", Verb.PRESENT, "processor/src/db/pool.ts", line=109, unchanged_since="main")
RULES = (RET001, RET002, RET003, RET004, RET005, RET006, RET009)


def at(line: int, path: str = MAIN) -> Location:
    return Location(path, line)


def file(path: str = MAIN, **given: Any) -> CodeFile:
    return CodeFile(path=path, language="TypeScript", **given)


def scope(*files: CodeFile, **given: Any) -> CodeScope:
    return CodeScope(files=files or (file(),), **given)


def code(**given: CodeScope) -> dict[Location, CodeScope]:
    """The facts for each rule about code; the named ones replace the clean ones."""
    return {r.at: given.get(r.check, scope()) for r in (RET003, RET004, RET005)}


def paths(**given: PathFact) -> dict[Location, tuple[PathFact, ...]]:
    clean = {
        "RET001": PathFact(path=RET001.what[0], kind="none"),
        "RET002": PathFact(path=MODULE, kind="none"),
        "RET009": PathFact(path=RET009.what[0], kind="file"),
    }
    return {r.at: ({**clean, **given}[r.check],) for r in (RET001, RET002, RET009)}


def manifests(*dependencies: LibraryDependency, **given: Any) -> dict[Location, ManifestScope]:
    return {RET006.at: ManifestScope(dependencies=dependencies, files=("processor/package.json",), **given)}


def dependency(name: str = "node-pg-migrate", **given: Any) -> LibraryDependency:
    defaults = {"section": "dependencies", "version": "^7.6.0", "at": Location("processor/package.json", 12)}
    return LibraryDependency(**{"name": name, **defaults, **given})


def inputs() -> dict[str, Any]:
    return {"code": code(), "paths": paths(), "manifests": manifests()}


MIGRATIONS = PathFact(path=RET001.what[0], kind="folder", holds=("processor/src/db/migrations/0001_a.sql",))
LEFT, MORE_LEFT = (((path, "a" * 64),) for path in (*MIGRATIONS.holds, "legacy/0001_note.sql"))
EMPTY = PathFact(path=RET001.what[0], kind="folder")

LOUD = [
    (
        "RET001",
        "a migration is left",
        {"paths": paths(RET001=MIGRATIONS)},
        ["RET001:processor/src/db/migrations/0001_a.sql"],
    ),
    (
        "RET001",
        "empty, and git would take new files",
        {"paths": paths(RET001=EMPTY)},
        ["RET001:processor/src/db/migrations"],
    ),
    (
        "RET001",
        "a file of [legacy] that no rule names",
        {"paths": paths(RET001=MIGRATIONS), "sources": (SourceFacts(role="legacy", name="l", files=(*LEFT, *MORE_LEFT)),)},
        ["RET001:legacy/0001_note.sql", "RET001:processor/src/db/migrations/0001_a.sql"],
    ),
    ("RET002", "the module is left", {"paths": paths(RET002=PathFact(path=MODULE, kind="file"))}, [f"RET002:{MODULE}"]),
    (
        "RET003",
        "a call and a script",
        {
            "code": code(
                RET003=scope(
                    file(calls=(Call(callee="db.migrate", at=at(4)), Call(callee="emigrate", at=at(5)))),
                    file(
                        "processor/package.json",
                        scripts=(ManifestScript(name="db", words=("node", "dist/db/migrate.js"), at=at(9)),),
                    ),
                )
            )
        },
        ["RET003:processor/package.json:script:db", f"RET003:{MAIN}:call:db.migrate"],
    ),
    (
        "RET003",
        "an import under another name, and its call",
        {
            "code": code(
                RET003=scope(
                    file(
                        imports=(
                            Import(
                                written="./db/migrate.js",
                                candidates=("processor/src/db/migrate",),
                                names=(("migrate", "m"),),
                                at=at(1),
                            ),
                        ),
                        calls=(Call(callee="m", at=at(3)), Call(callee="m", at=at(5))),
                    )
                )
            )
        },
        [f"RET003:{MAIN}:call:m", f"RET003:{MAIN}:call:m:2", f"RET003:{MAIN}:import:./db/migrate.js"],
    ),
    (
        "RET004",
        "in a text and as a name",
        {
            "code": code(
                RET004=scope(
                    file(
                        literals=(Literal(text="select * from processor.migrations_applied", at=at(3)),),
                        names=(
                            CodeName(text="MIGRATIONS_APPLIED", at=at(8)),
                            CodeName(text="migrations_applied_at", at=at(9)),
                        ),
                    )
                )
            )
        },
        [f"RET004:{MAIN}:migrations_applied", f"RET004:{MAIN}:migrations_applied:2"],
    ),
    (
        "RET005",
        "DDL",
        {"code": code(RET005=scope(file(ddl=(Ddl(command="CREATE TABLE", statement="create table x (", at=at(3)),))))},
        [f"RET005:{MAIN}:CREATE TABLE"],
    ),
    (
        "RET006",
        "declared",
        {"manifests": manifests(dependency("Node_PG.migrate"), dependency("pg"))},
        ["RET006:processor/package.json:node-pg-migrate:dependencies"],
    ),
    (
        "RET009",
        "it is gone",
        {"paths": paths(RET009=PathFact(path="processor/src/db/pool.ts", kind="none"))},
        ["RET009:processor/src/db/pool.ts"],
    ),
    (
        "RET009",
        "it was changed",
        {"paths": paths(RET009=PathFact(path="processor/src/db/pool.ts", kind="file", changed="differs from main"))},
        ["RET009:processor/src/db/pool.ts:changed"],
    ),
]
"""Rows of the table of loud cases: (check, case, inputs, finding keys)."""

IGNORED = PathFact(path=RET001.what[0], kind="folder", ignored_by=Location("processor/.gitignore", 4))
QUIET = [
    ("RET001", "empty and ignored", {"paths": paths(RET001=IGNORED)}, "git-ignored (processor/.gitignore:4)"),
    ("RET003", "another function", {"code": code(RET003=scope(file(calls=(Call(callee="emigrate", at=at(5)),))))}, "1 file"),
    ("RET006", "another library", {"manifests": manifests(dependency("pg"))}, "looked at 1 file"),
    ("RET009", "the same since a revision", {}, "processor/src/db/pool.ts is unchanged since main"),
]

UNDECIDED = [
    (
        "RET003",
        "a file of an unknown language",
        {
            "code": code(
                RET003=scope(
                    unread=(
                        Unread(
                            path="processor/src/a.rb", reason="is in a language that the audit does not read that we read"
                        ),
                    )
                )
            )
        },
        Outcome.SKIPPED,
        True,
        "processor/src/a.rb:1 is in a language that the audit does not read",
    ),
    (
        "RET003",
        "the module's name is computed",
        {"code": code(RET003=scope(file(imports=(Import(written="…", candidates=(), at=at(7)),))))},
        Outcome.SKIPPED,
        True,
        f"{MAIN}:7 loads a module by a computed name",
    ),
    ("RET005", "no file at all", {"code": code(RET005=CodeScope(files=()))}, Outcome.SKIPPED, True, "matches no file"),
    (
        "RET006",
        "a lock file of an unknown format",
        {"manifests": manifests(unread=(Unread(path="bun.lockb", reason="is not understood"),))},
        Outcome.SKIPPED,
        True,
        "bun.lockb:1 is not understood",
    ),
    (
        "RET009",
        "no git",
        {"paths": paths(RET009=PathFact(path="processor/src/db/pool.ts", kind="file", unknown="is in no git repository"))},
        Outcome.SKIPPED,
        True,
        "is in no git repository",
    ),
    (
        "RET001",
        "it cannot be read",
        {"paths": paths(RET001=PathFact(path="m", kind="other", unknown="cannot be read: denied"))},
        Outcome.SKIPPED,
        True,
        "cannot be read",
    ),
]

HEAD = '[project]\nname = "p"\n[legacy]\nsql = ["a"]\n[owner]\nsql = ["b"]\n[environments.e]\nservice = "s"\n'


def judged(folder: Path, rules: str, phase: Phase = Phase.RETIRED) -> dict[str, CheckResult]:
    """How the checks that these rules speak for end on the tree in ``folder``."""
    (folder / "audit.toml").write_text(HEAD + rules, "utf-8")
    return judge_tree(load_project(folder / "audit.toml"), phase)


def judge_tree(project: Project, phase: Phase = Phase.RETIRED) -> dict[str, CheckResult]:
    """How the checks on code end on a project's tree, without any other input."""
    known = [r.check for r in RULES]
    wanted = [BY_ID[check] for check in sorted({r.check for r in project.retirement}) if check in known]
    given = {**retirement_inputs(project), "sources": (), "project": project}
    return {result.id: result for result in judge(wanted, given, phase)}


def write(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    return folder
