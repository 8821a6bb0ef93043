"""The real migrator of sqlx and our reading of its files: the same catalog, the same rows, the same refusals.

``sqlx_migrate`` calls ``sqlx::migrate::Migrator``, as ``sqlx::migrate!`` does (``sqlx migrate run`` has a loop of its own
around the same ``apply``). It is built from Debian's packages of the crates.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from fix_runners import (
    CASES,
    SEED,
    Outcome,
    Proof,
    Ran,
    Target,
    from_debian_crates,
    ledger_rows,
    migration,
    ran,
    reading,
    write,
)
from migration_audit.formats import EntryState, find_format

pytestmark = pytest.mark.server

HERE = Path(__file__).parent
VERSION = "0.8.3"
Files = dict[str, str | bytes]
Hold = Callable[..., Outcome]


@pytest.fixture(scope="module")
def program() -> Path:
    packages = ("librust-sqlx-core-dev", "librust-sqlx-postgres-dev", "librust-tokio-dev")
    return from_debian_crates(*packages, program=HERE / "sqlx_migrate")


@pytest.fixture
def migrate(program: Path, tmp_path: Path) -> Callable[[Target], Ran]:
    return lambda target: ran([program, tmp_path / "migrations"], cwd=tmp_path, more=target.variables())


@pytest.fixture
def hold(migrate: Callable[[Target], Ran], proof: Proof, tmp_path: Path) -> Hold:
    """Write files, let sqlx and our format apply them, and hold one against the other."""

    def run(files: Files, rng: Random | None = None) -> Outcome:
        return proof.hold("sqlx", write(tmp_path / "migrations", files, rng), migrate)

    return run


def test_the_version_is_the_proven_one(program: Path) -> None:
    crates = set(re.findall(rb"sqlx-(?:core|postgres)-([0-9.]+)/", program.read_bytes()))
    assert crates == {VERSION.encode()}
    assert find_format("sqlx").tested_against == f"sqlx {VERSION}"


A, B = "create table a (i integer);\n", "create table b (i integer);\n"

APPLIED: dict[str, Files] = {
    "numbers as numbers": {"2_a.sql": A, "10_b.sql": "create table b as select * from a;"},
    "zeros in front": {"0002_a.sql": A, "00010_b.sql": "create table b as select * from a;"},
    "signs": {"-1_a.sql": A, "+1_b.sql": "create table b as select * from a;", "0_c.sql": "create table c as table a;"},
    "up and down": {"1_a.up.sql": A, "1_a.down.sql": "drop table a;", "2_b.up.sql": B, "2_b.down.sql": "drop table b;"},
    "both kinds": {"1_a.up.sql": A, "1_a.down.sql": "drop table a;", "2_b.sql": "create table b as table a;"},
    "a down file alone": {"1_a.sql": A, "2_b.down.sql": "drop table a;"},
    "a name that only looks like one": {"1_down.sql": A, "2_up.sql": B},
    "a description of nothing": {"1_.sql": A, "2_.up.sql": B},
    "other names": {
        "1_a.sql": A,
        "b.sql": B,
        "2-b.sql": B,
        "3.sql": B,
        "4_b.SQL": B,
        "README_first.md": "x",
        "sub/5_b.sql": B,
    },
    "marks of other runners": {"1_a.sql": "-- +goose Up\n" + A + "-- +goose Down\n" + B},
    "an empty file": {"1_a.sql": "", "2_b.sql": B},
    "windows line ends": {"1_a.sql": "create table a (\r\n  i integer\r\n);\r\n"},
    "a body": {"1_f.sql": "create function f() returns int language plpgsql as $$ begin return 1; -- ;\n end; $$;" + A},
    "no transaction": {"1_a.sql": A, "2_i.sql": "-- no-transaction\ncreate index concurrently i on a (i);"},
    "no transaction, more words": {
        "1_a.sql": A,
        "2_i.sql": "-- no-transactions here\ncreate index concurrently i on a (i);",
    },
    "no transaction, two statements": {"1_a.sql": "-- no-transaction\n" + A + B},
    "a commit": {"1_a.sql": A + "commit;\n" + B},
    "begin and commit": {"1_a.sql": "begin;\n" + A + "commit;\n"},
    "one session": {"1_a.sql": "create temp table t (i integer);", "2_b.sql": "create table b as table t;"},
    "a search_path with the ledger": {"1_a.sql": "create schema app; set search_path = app, public;", "2_b.sql": B},
    "a search_path that is set back": {"1_a.sql": "set search_path = ''; create table public.a (); reset search_path;"},
    "placeholders": {"1_a.sql": "create table a (t text default '${x} :y {z}');"},
}


@pytest.mark.parametrize("files", APPLIED.values(), ids=APPLIED)
def test_both_apply_the_same(hold: Hold, files: Files) -> None:
    outcome = hold(files)
    assert outcome.ran.code == 0, outcome
    assert outcome.agrees, outcome
    assert {verdict.state for verdict in reading("sqlx", outcome).verdicts} == {EntryState.APPLIED}
    assert reading("sqlx", outcome).beyond == ()


REFUSED: dict[str, Files] = {
    "no number": {"1_a.sql": A, "b_b.sql": B},
    "nothing in front": {"1_a.sql": A, "_b.sql": B},
    "a number that is too large": {"9223372036854775808_a.sql": A},
    "a number with a dot": {"1.1_a.sql": A},
    "a hidden file": {"1_a.sql": A, "._1_a.sql": A},
    "one version twice": {"1_a.sql": A, "01_b.sql": B},
    "one version in both kinds": {"1_a.sql": A, "1_b.up.sql": B},
    "concurrently": {"1_a.sql": A, "2_i.sql": "create index concurrently i on a (i);"},
    "no transaction in the second line": {
        "1_a.sql": A,
        "2_i.sql": "\n-- no-transaction\ncreate index concurrently i on a (i);",
    },
    "no transaction without a blank": {"1_a.sql": A, "2_i.sql": "--no-transaction\ncreate index concurrently i on a (i);"},
    "no transaction, concurrently among others": {
        "1_a.sql": A,
        "2_i.sql": "-- no-transaction\ncreate index concurrently i on a (i); select 1;",
    },
    "a search_path without the ledger": {"1_a.sql": "set search_path = pg_catalog; create table public.a ();"},
    "a search_path of the transaction": {"1_a.sql": "set local search_path = pg_catalog; create table public.a ();"},
    "a search_path of pg_dump": {"1_a.sql": "select set_config('search_path', '', false); create table public.a ();"},
    "a byte order mark": {"1_a.sql": "\ufeff" + A},
    "Latin 1": {"1_a.sql": (A + "comment on table a is 'é';").encode("latin-1")},
    "a failing file": {"1_a.sql": A, "2_a.sql": A},
    "a psql command": {"1_a.sql": "\\set x 1\n" + A},
    "the data of COPY": {"1_a.sql": A + "copy a from stdin;\n1\n\\.\n"},
}


@pytest.mark.parametrize("files", REFUSED.values(), ids=REFUSED)
def test_both_refuse(hold: Hold, files: Files) -> None:
    outcome = hold(files)
    assert outcome.ran.code != 0, outcome
    assert outcome.refused is not None, outcome


def test_the_ledger_after_tampering(hold: Hold, proof: Proof, migrate: Callable[[Target], Ran], tmp_path: Path) -> None:
    outcome = hold({f"{n}_x.sql": f"create table t{n} ();" for n in (1, 2, 3)})
    first, second, third = outcome.rows
    found = reading("sqlx", outcome, rows=[first, {**second, "success": "false"}, {**third, "version": "4"}])
    assert [verdict.state for verdict in found.verdicts] == [EntryState.APPLIED, EntryState.FAILED, EntryState.ABSENT]
    assert found.beyond == ("4",)
    target = proof.database()
    assert migrate(target).code == 0
    changed = proof.hold("sqlx", write(tmp_path / "migrations", {"2_x.sql": "create table t2 (n int);"}), migrate)
    assert "previously applied but has been modified" in migrate(target).output
    ledger = find_format("sqlx").ledger
    assert ledger is not None
    again = reading("sqlx", changed, rows=ledger_rows(target, ledger))
    assert [verdict.state for verdict in again.verdicts] == [EntryState.APPLIED, EntryState.CHANGED, EntryState.APPLIED]


@pytest.mark.parametrize("number", range(CASES))
def test_generated_folders(hold: Hold, number: int) -> None:
    rng = Random(f"sqlx {SEED} {number}")
    outcome = hold(_folder(rng), rng)
    assert outcome.agrees, outcome


def _folder(rng: Random) -> Files:
    files: Files = {}
    for number in rng.sample(range(120), rng.randint(2, 6)):
        version = rng.choice((str(number), f"{number:04}", f"20260101{number:06}"))
        words = rng.choice(("init", "add_index", "größe", "x.y", ""))
        up, down = migration(rng, number)
        up = rng.choice(("", "", "-- no-transaction\n", "-- made by hand\n")) + up
        up = up.replace("\n", "\r\n") if rng.random() < 0.2 else up
        if rng.random() < 0.5:
            files[f"{version}_{words}.sql"] = up
        else:
            files |= {f"{version}_{words}.up.sql": up, f"{version}_{words}.down.sql": down}
    if rng.random() < 0.3:
        files[rng.choice(("notes.sql", "x_y.sql", "1_x.sql", "sub/1_x.sql"))] = "drop table journal;"
    return files
