"""The real graphile-migrate and our reading of its committed migrations: the same catalog, rows and refusals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from fix_runners import (
    CASES,
    SEED,
    Outcome,
    Proof,
    Ran,
    Resident,
    Target,
    from_npm,
    migration,
    node_resident,
    ran,
    reading,
    write,
)
from migration_audit.formats import EntryState, find_format

pytestmark = pytest.mark.server

NAME = "graphile-migrate"
VERSIONS = ("1.4.1", "2.0.0-rc.3")
Files = dict[str, str | bytes]
Hold = Callable[..., Outcome]


def cli(version: str) -> Path:
    return from_npm(f"{NAME}@{version}", "pg@8.16.3") / "node_modules" / NAME / "dist/cli.js"


@pytest.fixture(scope="module", params=VERSIONS)
def program(request: pytest.FixtureRequest) -> Iterator[Resident]:
    with node_resident(cli(request.param), FROM_ENV="x") as running:
        yield running


@pytest.fixture(scope="module")
def newest() -> Iterator[Resident]:
    with node_resident(cli(VERSIONS[-1])) as running:
        yield running


@pytest.fixture
def hold_with(proof: Proof, tmp_path: Path) -> Hold:
    """Write migrations, let graphile-migrate and our format apply them, and hold one against the other."""

    def run(program: Resident, files: Files, rng: Random | None = None) -> Outcome:
        write(tmp_path, {".gmrc": "{}"} | files, rng)
        (tmp_path / "migrations/committed").mkdir(parents=True, exist_ok=True)
        return proof.hold(NAME, tmp_path / "migrations", lambda each: program.ask(str(tmp_path), each.url(), "migrate"))

    return run


def committed(*bodies: str, names: tuple[str, ...] = (), headers: str = "") -> Files:
    """Migrations as ``graphile-migrate commit`` writes them."""
    files: Files = {}
    previous = "-"
    for number, body in enumerate(bodies, 1):
        name = names[number - 1] if names else f"{number:06}.sql"
        digest = hash_of(body, previous)
        files[f"migrations/committed/{name}"] = f"--! Previous: {previous}\n--! Hash: {digest}\n{headers}\n{body.strip()}\n"
        previous = digest
    return files


def hash_of(body: str, previous: str) -> str:
    text = f"{'' if previous == '-' else previous}\n{body.strip()}".strip() + "\n"
    return f"sha1:{hashlib.sha1(text.encode()).hexdigest()}"


def gmrc(**settings: object) -> Files:
    return {".gmrc": json.dumps(settings)}


def test_the_versions_are_the_proven_ones() -> None:
    assert find_format(NAME).tested_against == f"{NAME} {' and '.join(VERSIONS)}"


A, B = "create table a (i integer);", "create table b (i integer);"
PLACEHOLDERS = {"placeholders": {":NAME_A": "a", ":NAME": "b", ":A_TYPE": "integer"}, "databaseOwner": "postgres"}

APPLIED: dict[str, Files] = {
    "two": committed(A, "create table b as select * from a;"),
    "with words": committed(A, B, names=("000001-make-a.sql", "000002-b_B-.sql")),
    "a message": committed(A, headers="--! Message: made a\n"),
    "more headers": committed(A, headers="--! Anything\n--! Other: x\n"),
    "numbers as text": committed(
        A, "alter table a add j integer;", "alter table a add k text;", names=("1.sql", "10.sql", "2.sql")
    ),
    "no-transaction": committed(A, "--! no-transaction\ncreate index concurrently i on a (i);"),
    "no-transaction, two statements": committed("--!no-transaction because\n" + A + B),
    "no-transaction in the second line": committed(A + "\n--! no-transaction\n" + B),
    "a commit": committed(A + "\ncommit; begin;\n" + B, "create table c ();"),
    "a commit alone": committed(A + "\ncommit;", B),
    "one session": committed(
        "set search_path = pg_catalog, public; create temp table t ();", "create table public.b as table t;"
    ),
    "an empty path": committed(
        "select set_config('search_path', '', false);\ncreate table public.a ();", "create table public.b ();"
    ),
    "placeholders": {
        **committed("create table :NAME_A (i :A_TYPE default '1'::int, t text default ':NAME'); create table :NAME ();"),
        **gmrc(**PLACEHOLDERS),
    },
    "the database and its owner": {
        **committed(
            "alter database :DATABASE_NAME set work_mem = '5MB';\n"
            "grant connect on database :DATABASE_NAME to :DATABASE_OWNER;"
        ),
        **gmrc(databaseOwner="postgres"),
    },
    "what looks like a placeholder": committed(
        "create table a (t text default ':NOTHING', i integer[] default array[1,2]);"
    ),
    "pgSettings": {
        **committed("create schema app;", "create table b ();"),
        **gmrc(pgSettings={"search_path": "app, public", "work_mem": "7MB"}),
    },
    "actions": {
        **committed("create table b as select * from before;"),
        "migrations/before.sql": "create table before (i integer); create temp table t ();",
        "migrations/sql/after.sql": "create table after as select * from b; create table again as table t;",
        **gmrc(beforeAllMigrations=["before.sql"], afterAllMigrations={"_": "sql", "file": "sql/after.sql"}),
    },
    "actions for the shadow": {
        **committed(A),
        "migrations/x.sql": B,
        **gmrc(afterAllMigrations=[{"_": "sql", "file": "x.sql", "shadow": True}, {"_": "command", "command": "true"}]),
    },
    "actions of reset": {**committed(A), "migrations/x.sql": B, **gmrc(afterReset=["!x.sql"], beforeCurrent="x.sql")},
    "comments in .gmrc": {**committed(A), ".gmrc": '// a\n{ /* b */ \'pgSettings\': {search_path: "public",}, "//x": 1 }'},
    "a current migration": {**committed(A), "migrations/current.sql": B},
    "other names": {
        **committed(A),
        "migrations/committed/2.SQL": B,
        "migrations/committed/2 b.sql": B,
        "migrations/committed/b.sql": B,
        "migrations/committed/2-b.c.sql": B,
    },
    "an include": {**committed("--!include x.sql\n" + A), "migrations/fixtures/x.sql": B},
    "spaces of all kinds": committed("\u00a0\n" + A + "\n\u2003"),
    "an invalid hash that is allowed": {
        "migrations/committed/000001.sql": f"--! Previous: -\n--! Hash: sha1:x\n--! AllowInvalidHash\n\n{A}\n",
    },
    "CRLF in the body": committed("create table a (\r\n  i integer\r\n);"),
}


@pytest.mark.parametrize("files", APPLIED.values(), ids=APPLIED)
def test_both_apply_the_same(hold_with: Hold, program: Resident, files: Files) -> None:
    outcome = hold_with(program, files)
    assert outcome.ran.code == 0, outcome
    assert outcome.agrees, outcome
    found = reading(NAME, outcome)
    assert {verdict.state for verdict in found.verdicts} == {EntryState.APPLIED}
    assert found.beyond == ()


def changed(files: Files, old: str, new: str, name: str = "000001.sql") -> Files:
    """The files, one of them changed by hand."""
    text = str(files[f"migrations/committed/{name}"])
    assert old in text
    return {**files, f"migrations/committed/{name}": text.replace(old, new)}


REFUSED: dict[str, Files] = {
    "a changed file": changed(committed(A), "integer", "bigint"),
    "a changed previous hash": changed(committed(A, B), "Previous: sha1", "Previous: sha2", "000002.sql"),
    "a first file with a previous": changed(committed(A), "Previous: -", "Previous: sha1:x"),
    "a file that is gone": {k: v for k, v in committed(A, B, A).items() if "000002" not in k},
    "no previous": changed(committed(A), "--! Previous: -\n", ""),
    "an empty previous": changed(committed(A), "Previous: -", "Previous:"),
    "no hash": changed(committed(A), "--! Hash", "--! Hush"),
    "no empty line": changed(committed(A), "\n\n", "\n"),
    "windows line ends": changed(committed(A), "\n", "\r\n"),
    "a header twice": changed(committed(A), "--! Hash", "--! Previous: -\n--! Hash"),
    "a right hash that may be wrong": changed(committed(A), "\n\n", "\n--! AllowInvalidHash\n\n"),
    "a byte order mark": changed(committed(A), "--! Previous", "\ufeff--! Previous"),
    "an unknown placeholder": committed("create table :NOTHING ();"),
    "a placeholder of another kind": {**committed(A), **gmrc(placeholders={":name": "x"})},
    "a reserved placeholder": {**committed(A), **gmrc(placeholders={":DATABASE_NAME": "x"})},
    "an unknown setting": {**committed(A), **gmrc(searchPath="x")},
    "a broken .gmrc": {**committed(A), ".gmrc": "{,}"},
    "an action that is gone": {**committed(A), **gmrc(afterAllMigrations="x.sql")},
    "an action with root rights": {**committed(A), "migrations/x.sql": B, **gmrc(afterAllMigrations="!x.sql")},
    "an action of another kind": {**committed(A), **gmrc(afterAllMigrations=[{"_": "js", "file": "x"}])},
    "concurrently": committed(A, "create index concurrently i on a (i);"),
    "no-transaction, concurrently among others": committed(
        A, "--! no-transaction\ncreate index concurrently i on a (i); select 1;"
    ),
    "a failing file": committed(A, A),
    "a psql command": committed("\\set x 1\n" + A),
    "the data of COPY": committed(A + "\ncopy a from stdin;\n1\n\\.\n"),
}


@pytest.mark.parametrize("files", REFUSED.values(), ids=REFUSED)
def test_both_refuse(hold_with: Hold, program: Resident, files: Files) -> None:
    outcome = hold_with(program, files)
    assert outcome.ran.code != 0, outcome
    assert outcome.refused is not None, outcome


@pytest.mark.slow
def test_what_commit_writes_is_read(proof: Proof, tmp_path: Path) -> None:
    """The hash, the includes and the header as graphile-migrate itself makes them."""
    newest = cli(VERSIONS[-1])
    root, target, shadow = proof.database(), proof.database(), proof.database()
    more = {
        "DATABASE_URL": target.url(),
        "SHADOW_DATABASE_URL": shadow.url(),
        "ROOT_DATABASE_URL": root.url(),
    }
    write(tmp_path, {".gmrc": "{}", "migrations/fixtures/b.sql": B + "\n"})
    for text in (
        A,
        "--!include b.sql\ncomment on table b is 'é';",
        "--! no-transaction\ncreate index concurrently i on a (i);",
    ):
        write(tmp_path, {"migrations/current.sql": text})
        done = ran(["node", newest, "commit", "-m", "Make it"], cwd=tmp_path, more=more)
        assert done.code == 0, done

    def migrate(each: Target) -> Ran:
        return ran(["node", newest, "migrate"], cwd=tmp_path, more={"DATABASE_URL": each.url()})

    outcome = proof.hold(NAME, tmp_path / "migrations", migrate)
    assert outcome.ran.code == 0, outcome
    assert outcome.agrees, outcome


def test_rows_that_are_gone_or_other(hold_with: Hold, newest: Resident) -> None:
    outcome = hold_with(newest, committed(A, B, "create table c ();"))
    first, second, third = outcome.rows
    found = reading(NAME, outcome, rows=[first, {**second, "hash": "sha1:x"}])
    assert [verdict.state for verdict in found.verdicts] == [EntryState.APPLIED, EntryState.CHANGED, EntryState.ABSENT]
    passed = reading(NAME, outcome, rows=[first, third, {**third, "filename": "000009.sql"}])
    assert passed.verdicts[1].why == (
        "no row has filename 000002.sql, but 000009.sql is recorded: graphile-migrate will never apply it"
    )
    assert passed.beyond == ("000009.sql",)


@pytest.mark.parametrize("number", range(CASES))
def test_generated_folders(hold_with: Hold, newest: Resident, number: int) -> None:
    rng = Random(f"{NAME} {SEED} {number}")
    outcome = hold_with(newest, _folder(rng), rng)
    assert outcome.agrees, outcome


def _folder(rng: Random) -> Files:
    width = rng.choice((1, 6, 6))
    numbers = sorted((str(n).zfill(width) for n in rng.sample(range(1, 12), rng.randint(2, 6))), key=lambda n: f"{n}\0")
    names = tuple(f"{n}{rng.choice(('', '', '-make_it', '-'))}.sql" for n in numbers)
    bodies = []
    for index, _ in enumerate(numbers):
        up, down = migration(rng, index)
        first = rng.choice(("", "", "", "--! no-transaction\n", "-- a comment\n"))
        bodies.append(first + rng.choice((up, up, up.replace("\n", "\r\n"), up + down + up)))
    files = committed(*bodies, names=names)
    if rng.random() < 0.1:
        del files[rng.choice(sorted(files))]
    return files | {rng.choice(("migrations/current.sql", "migrations/committed/x.sql")): "drop table journal;"}
