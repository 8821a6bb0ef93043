"""The real Sqitch and our reading of its projects: the same catalog, the same rows, the same refusals."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fix_runners import CASES, SEED, Outcome, Proof, Ran, Resident, Target, from_debian, migration, ran, reading, write
from migration_audit.formats import EntryState, find_format

pytestmark = pytest.mark.server

VERSION = "1.5.2"
Hold = Callable[..., Outcome]
BY = "2026-01-01T00:00:0{}Z Me <me@example.org>"


@pytest.fixture(scope="module")
def sqitch() -> list[str]:
    """The command that runs Sqitch with Debian's Perl, unpacked beside the system's own."""
    root = from_debian("sqitch", "libdbd-pg-perl", "libpq5", suite="trixie", alone=False)
    library = next((root / "usr/lib").glob("*-linux-gnu"))
    loader = next(
        path for folder in (library, root / "usr/lib64", root / "usr/lib") for path in folder.glob("ld-linux*.so*")
    )
    folders = [root / "usr/share/perl5", *library.glob("perl5/*"), *library.glob("perl/*"), *library.glob("perl-base")]
    folders += [*(root / "usr/share").glob("perl/*")]
    includes = [f"-I{folder}" for folder in folders]
    perl = next(path for path in (root / "usr/bin").glob("perl5*") if path.is_file())
    return [str(loader), "--library-path", str(library), str(perl), "-CAS", *includes, str(root / "usr/bin/sqitch")]


@pytest.fixture(scope="module")
def resident(sqitch: list[str]) -> Iterator[Resident]:
    """Sqitch with its modules loaded: each case is a process forked from it."""
    names = {"SQITCH_FULLNAME": "Me", "SQITCH_EMAIL": "me@example.org", "SQITCH_USER_CONFIG": "/dev/null"}
    command = [*sqitch[:-1], Path(__file__).with_name("sqitch_server.pl")]
    with Resident(command, more={**names, "LC_ALL": "C.UTF-8", "TZ": "UTC"}) as running:
        yield running


def plan(*lines: str, project: str = "app") -> str:
    """A plan with one line for each change (``name [required]``) or tag (``@name``)."""
    made = [f"{line} {BY.format(number % 10)} # note {number}" for number, line in enumerate(lines)]
    return "\n".join(["%syntax-version=1.0.0", f"%project={project}", "", *made, ""])


CONF = "[core]\n\tengine = pg\n"


@pytest.fixture
def hold(resident: Resident, server: Any, proof: Proof, tmp_path: Path) -> Hold:
    """Write a project, let Sqitch deploy it and our format apply it, and hold one against the other."""
    psql = server.programs / "psql" if server.programs else shutil.which("psql")
    if psql is None:
        pytest.skip("Sqitch runs psql, and there is none here")

    def run(files: dict[str, str | bytes], rng: Random | None = None) -> Outcome:
        project = write(tmp_path / "project", {"sqitch.conf": CONF, **files}, rng)

        def migrate(target: Target) -> Ran:
            variables = [f"{name}={value}" for name, value in target.variables().items()]
            return resident.ask(str(project), *variables, "deploy", "--client", str(psql), f"db:pg:{target.database}")

        return proof.hold("sqitch", project, migrate)

    return run


@pytest.mark.slow
def test_the_version_is_the_proven_one(sqitch: list[str], tmp_path: Path) -> None:
    assert f"v{VERSION}" in ran([*sqitch, "--version"], cwd=tmp_path).output
    assert find_format("sqitch").tested_against == f"Sqitch {VERSION}"


def deploys(*names: str, folder: str = "deploy") -> dict[str, str]:
    """A script for each change: a row of ``journal`` says when it came."""
    made = "create table if not exists journal (at serial, name text);\n"
    return {f"{folder}/{name}.sql": f"{made}insert into journal (name) values ('{folder}/{name}');\n" for name in names}


APPLIED = {
    "in the order of the plan": {"sqitch.plan": plan("z", "a [z]", "10", "9"), **deploys("z", "a", "10", "9")},
    "reworked": {
        "sqitch.plan": plan("users", "other", "@v1", "x", "@v2", "users [users@v2 other]", "@v3", "users [users@v3]"),
        **deploys("users@v2", "users@v3", "users", "other", "x"),
    },
    "reworked, named after an earlier tag": {
        "sqitch.plan": plan("users", "@v1", "x", "@v2", "users"),
        **deploys("users@v1", "users", "x"),
    },
    "folders of their own": {
        "sqitch.conf": CONF + '\ttop_dir = ./db # comment\n[engine "pg"]\n\tdeploy_dir = "sql/up"\n\textension = ddl\n',
        "db/sqitch.plan": plan("a", "app/b"),
        "sql/up/a.ddl": "create table a ();",
        "sql/up/app/b.ddl": "create table b ();",
        "db/deploy/a.sql": "bad",
    },
    "a plan elsewhere, reworked scripts elsewhere": {
        "sqitch.conf": CONF + "\tplan_file = plans/pg.plan\n\treworked_dir = old\n",
        "plans/pg.plan": plan("a", "@one", "a [a@one]"),
        **deploys("a@one", folder="old/deploy"),
        **deploys("a"),
    },
    "transactions and sessions": {
        "sqitch.plan": plan("a", "b"),
        "deploy/a.sql": "-- Deploy app:a to pg\nbegin;\ncreate table a (i integer);\nset search_path = pg_catalog;\n"
        "commit;\n"
        "create index concurrently x on public.a (i);\nset my.x = 'a';\ncreate temp table t ();\n",
        "deploy/b.sql": "create table b as\nselect current_setting('search_path') as p, current_setting('my.x', true) as x;",
        "revert/a.sql": "drop table a;",
        "verify/a.sql": "select 1/0;",
    },
    "variables": {
        "sqitch.conf": CONF
        + '[core "variables"]\n\tschema = core\n[deploy "variables"]\n\tschema = deploy\n\tName = it\'s\n'
        '[engine "pg.variables"]\n\tother = engine\n',
        "sqitch.plan": plan("a"),
        "deploy/a.sql": "create schema :schema;\n"
        "create table :schema.:\"other\" (t text default :'Name', r text default :'registry');\n",
    },
    "includes": {
        "sqitch.plan": plan("a"),
        "deploy/a.sql": "\\ir parts/b.sql\n\\i deploy/parts/c.sql\n",
        "deploy/parts/b.sql": "create table b ();\n",
        "deploy/parts/c.sql": "create table c ();\n",
    },
    "the data of COPY": {"sqitch.plan": plan("a"), "deploy/a.sql": "create table a (i int);\ncopy a from stdin;\n1\n\\.\n"},
    "dependencies": {
        "sqitch.plan": plan("a", "b [app:a !app:x !other:y]", "x", "@t", "c [@t a@t x]"),
        **deploys("a", "b", "x", "c"),
    },
    "a plan as people write it": {
        "sqitch.plan": "# comment\n%syntax-version = 1.0.0\n%project=app # p\n%uri=https://x.example/\n%other\n\n"
        "# comment\n  + a   2026-01-01T00:00:00Z Jo D'Ó <jo@example.org> # x\n\n"
        "@v1.0.0-r1 2026-01-01T00:00:01Z J <j@e.org>\r\n"
        "b [a] 2026-01-01T00:00:02Z J <j@e.org>",
        **deploys("a", "b"),
    },
}


@pytest.mark.parametrize("files", APPLIED.values(), ids=APPLIED)
def test_both_apply_the_same(hold: Hold, files: dict[str, str | bytes]) -> None:
    outcome = hold(files)
    assert outcome.ran.code == 0, str(outcome)
    assert outcome.agrees, str(outcome)
    read = reading("sqitch", outcome)
    assert {verdict.state for verdict in read.verdicts} == {EntryState.APPLIED}, read
    assert read.beyond == ()


A = {"deploy/a.sql": "create table a ();", "deploy/b.sql": "create table b ();", "deploy/c.sql": "create table c ();"}

REFUSED = {
    "no script": {"sqitch.plan": plan("a", "d"), **A},
    "no script of a reworked change": {"sqitch.plan": plan("a", "@t", "a"), **A},
    "required after": {"sqitch.plan": plan("a [b]", "b"), **A},
    "required of itself": {"sqitch.plan": plan("a [a]"), **A},
    "required and unknown": {"sqitch.plan": plan("a [x]"), **A},
    "required at a later tag": {"sqitch.plan": plan("a", "b [a@t]", "@t"), **A},
    "required of another project": {"sqitch.plan": plan("a [other:x]"), **A},
    "a conflict": {"sqitch.plan": plan("a", "b [!a]"), **A},
    "a conflict with nothing": {"sqitch.plan": plan("a [!x]"), **A},
    "a change twice": {"sqitch.plan": plan("a", "a"), **A},
    "a tag twice": {"sqitch.plan": plan("a", "@t", "b", "@t"), **A},
    "a tag first": {"sqitch.plan": plan("@t", "a"), **A},
    "a tag with a slash": {"sqitch.plan": plan("a", "@t/u"), **A},
    "a reserved name": {"sqitch.plan": plan("a", "HEAD"), **A},
    "a name with punctuation": {"sqitch.plan": plan("a", "b."), **A},
    "a symbolic name": {"sqitch.plan": plan("a", "b^3"), **A},
    "no project": {"sqitch.plan": plan("a").replace("%project=app\n", ""), **A},
    "no blank line": {"sqitch.plan": plan("a").replace("\n\n", "\n"), **A},
    "no time": {"sqitch.plan": plan("a") + "b Me <me@example.org>\n", **A},
    "no planner": {"sqitch.plan": plan("a") + "b 2026-01-01T00:00:00Z\n", **A},
    "no changes": {"sqitch.plan": plan(), **A},
    "no plan": dict(A),
    "the same script twice": {"sqitch.plan": plan("a", "b"), "deploy/a.sql": "select 1;", "deploy/b.sql": "select 1;"},
    "a failing statement": {"sqitch.plan": plan("a"), "deploy/a.sql": "create table a ();\nselect 1/0;\n"},
    "an unknown variable": {"sqitch.plan": plan("a"), "deploy/a.sql": "create table :nope ();\n"},
}


@pytest.mark.parametrize("files", REFUSED.values(), ids=REFUSED)
def test_both_refuse(hold: Hold, files: dict[str, str | bytes]) -> None:
    outcome = hold(files)
    assert outcome.refused is not None, str(outcome)
    assert outcome.ran.code != 0, str(outcome)


def test_what_the_ledger_lacks_or_has_otherwise_is_seen(hold: Hold) -> None:
    outcome = hold({"sqitch.plan": plan("a", "@t", "b", "a", "c"), **deploys("a@t", "a", "b", "c")})
    assert outcome.agrees, str(outcome)
    first, second, third, fourth = outcome.rows
    tampered = [first, {**second, "script_hash": "0"}, third, {**fourth, "project": "other"}]
    read = reading("sqitch", outcome, rows=tampered)
    states = [EntryState.APPLIED, EntryState.CHANGED, EntryState.APPLIED, EntryState.ABSENT]
    assert [verdict.state for verdict in read.verdicts] == states
    assert read.beyond == ("c",)
    assert [v.state for v in reading("sqitch", outcome, rows=[first, second, fourth]).verdicts][2] is EntryState.ABSENT


@pytest.mark.parametrize("number", range(CASES))
def test_generated_projects_come_out_alike(hold: Hold, number: int) -> None:
    rng = Random(f"sqitch {SEED} {number}")
    names = rng.sample(["a", "b", "app/c", "10", "9", "ä", "x-y", "x.y", "z_z"], rng.randint(2, 6))
    lines: list[str] = []
    files: dict[str, str | bytes] = {}
    for at, name in enumerate(names):
        required = rng.sample(names[:at], rng.randint(0, min(2, at)))
        lines.append(f"{name} [{' '.join(required)}]" if required else name)
        files[f"deploy/{name}.sql"] = f"begin;\n{migration(rng, at)[0]}commit;\n"
        files[f"revert/{name}.sql"] = "select 1/0;\n"
        if rng.random() < 0.4:
            lines.append(f"@v{at}")
    if lines[-1].startswith("@") and rng.random() < 0.8:
        again = rng.choice(names)
        lines.append(f"{again} [{again}{lines[-1]}]")
        files[f"deploy/{again}{lines[-2]}.sql"] = files[f"deploy/{again}.sql"]
        files[f"deploy/{again}.sql"] = migration(rng, 99)[0]
    if rng.random() < 0.15:
        lines.insert(0, lines.pop())
    outcome = hold({"sqitch.plan": plan(*lines), **files}, rng)
    assert outcome.agrees, f"{lines}\n{outcome}"
