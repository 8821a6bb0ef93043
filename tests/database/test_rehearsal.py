"""The writer's first statements on a fresh server, and the fixture of the integration tests, each on a real one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

import migration_audit.shadow
from migration_audit.audit.rehearsals.writer import rehearsal_inputs
from migration_audit.checks import BY_ID, judge
from migration_audit.model.boot import RightsFrom
from migration_audit.model.finding import CheckResult, Outcome, Phase, Unavailable
from migration_audit.project import load_project

pytestmark = pytest.mark.server

OWNER = """
create table positions (id serial primary key, device text not null, ts timestamptz not null, n int not null default 0,
                        seen timestamptz);
create unique index positions_key on positions (device, ts);
"""
UPSERT = "insert into positions (device, ts) values ('a', '2026-01-01Z') on conflict (device, ts) do nothing"
RULE = """
[[rule]]
check = "RET008"
fixture = "fixture.sql"
loaded_by = ["test/*.ts"]
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "001.sql").write_text(OWNER)
    return tmp_path


class OneCluster:
    """The session's cluster as a server: what is made in it is dropped, the roles too."""

    def __init__(self, running: Any) -> None:
        self._running = running

    @contextmanager
    def cluster(self, *, tcp: bool = False) -> Iterator[Any]:
        made: list[str] = []
        create = self._running.create_database

        class Cluster:
            is_private = True  # no other roles are in it

            def create_database(self, name: str) -> str:
                made.append(name)
                return str(create(name))

        yield Cluster()
        for name in made:
            self._running.drop_database(name)
        with psycopg.connect(self._running.conninfo(), autocommit=True) as connection:
            connection.execute("drop role if exists writer, dba")


@pytest.fixture
def shared(cluster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Starting a cluster for each case would take longer than everything else."""
    monkeypatch.setattr(migration_audit.shadow, "find_server", lambda *args, **given: OneCluster(cluster))


def rehearsed(tree: Path, *probes: str, more: str = "", phase: Phase = Phase.PREFLIGHT) -> dict[str, Any]:
    """The inputs that a project with these probes gives."""
    toml = '[project]\nname = "p"\nwriter_role = "writer"\n[legacy]\nsql = ["old/*.sql"]\n[owner]\nsql = ["new/*.sql"]\n'
    toml += '[environments.dev]\ndsn_env = "X"\n[scope]\nschemas = ["public"]\n'
    toml += "".join(f'[[probe]]\nname = "{n}"\nsql = """{sql}"""\n' for n, sql in enumerate(probes))
    (tree / "audit.toml").write_text(toml + more)
    return rehearsal_inputs(load_project(tree / "audit.toml"), phase=phase, progress=print)


def boot005(inputs: dict[str, Any]) -> CheckResult:
    (result,) = judge([BY_ID["BOOT005"]], inputs, Phase.PREFLIGHT)
    return result


@pytest.mark.usefixtures("shared")
def test_each_probe_runs_with_the_least_rights_and_fails_without_the_owner(tree: Path) -> None:
    probes = (UPSERT, "select n from positions", "update positions set n = 1 where device = 'a'")
    inputs = rehearsed(tree, *probes)
    rehearsal = inputs["rehearsal"]
    assert [(a.rows, a.again, a.error) for a in rehearsal.with_owner] == [(1, "", None), (1, None, None), (1, None, None)]
    assert rehearsal.writer.source is RightsFrom.NOBODY
    assert rehearsal.writer.rights == (
        "GRANT USAGE ON SCHEMA public TO writer;",
        "GRANT INSERT, SELECT, UPDATE ON public.positions TO writer;",
        "GRANT USAGE ON SEQUENCE public.positions_id_seq TO writer;",
    )
    assert {a.message for a in rehearsal.without_owner} == {'relation "positions" does not exist (SQLSTATE 42P01)'}
    result = boot005(inputs)
    assert result.outcome is Outcome.PASSED
    assert 'operators see: ERROR: relation "positions" does not exist (SQLSTATE 42P01) (from "0", "1", "2")' in str(
        result.reason
    )


@pytest.mark.parametrize(
    ("probe", "keys"),
    [
        ("insert into positions (device) values ('a')", ["BOOT005:probe:0"]),
        ("alter table positions add x int", None),
        ("select 1", ["BOOT005:without:0"]),
        (UPSERT.replace("nothing", "update set n = positions.n + 1"), ["BOOT005:probe:0:again"]),
        (UPSERT.replace("nothing", "update set seen = clock_timestamp()"), ["BOOT005:probe:0:again"]),
        (UPSERT.replace("nothing", "update set n = excluded.n"), []),
    ],
    ids=["refused by NOT NULL", "DDL", "proves nothing", "counts up", "says when", "writes the same"],
)
@pytest.mark.usefixtures("shared")
def test_what_the_rehearsal_finds(tree: Path, probe: str, keys: list[str] | None) -> None:
    inputs = rehearsed(tree, probe)
    if keys is None:
        assert isinstance(inputs["rehearsal"], Unavailable)
        assert "must be a SELECT, INSERT, UPDATE or DELETE" in inputs["rehearsal"].reason
    else:
        assert [finding.key for finding in boot005(inputs).findings] == keys


@pytest.mark.usefixtures("shared")
def test_a_probe_sees_what_the_one_before_it_wrote_and_nothing_after_a_failure_is_lost(tree: Path) -> None:
    inputs = rehearsed(tree, "select nonsense", UPSERT, "select * from positions")
    assert [(a.rows, a.sqlstate) for a in inputs["rehearsal"].with_owner] == [(None, "42703"), (1, None), (1, None)]


GRANTS = "grant usage on schema public to writer; grant select, insert on positions to writer;"


@pytest.mark.parametrize(
    ("grants", "keys"),
    [
        (GRANTS + "grant usage on all sequences in schema public to writer", []),
        (GRANTS, ["BOOT005:probe:0"]),
        ("grant all on positions, positions_id_seq to writer", ["BOOT005:ddl:trigger:table:public.positions"]),
        (
            "create role dba; alter table positions owner to dba; grant dba to writer",
            ["BOOT005:ddl:owns:table:public.positions"],
        ),
    ],
    ids=["enough", "no sequence", "ALL has TRIGGER in it", "the owner's role"],
)
@pytest.mark.usefixtures("shared")
def test_the_grants_of_audit_toml_are_what_is_rehearsed(tree: Path, grants: str, keys: list[str]) -> None:
    (tree / "grants.sql").write_text(grants)
    inputs = rehearsed(tree, UPSERT, more='[rehearsal]\ngrants = ["grants.sql"]\n')
    result = boot005(inputs)
    assert [finding.key for finding in result.findings] == keys
    assert "after grants.sql" in str(result.reason)


TABLE = "grant insert, select on positions to writer;"
SEQUENCE = "grant usage on sequence positions_id_seq to writer;"
# name: (what the owner's SQL says more, who gave the rights, findings)
OWN_GRANTS = {
    "none": ("", RightsFrom.NOBODY, []),
    "enough": (TABLE + SEQUENCE, RightsFrom.OWNER, []),
    "no INSERT": (SEQUENCE + "grant select on positions to writer;", RightsFrom.OWNER, ["BOOT005:probe:0"]),
    "no sequence": (TABLE, RightsFrom.OWNER, ["BOOT005:probe:0"]),
    "on another table alone": ("create table t (); grant select on t to writer;", RightsFrom.OWNER, ["BOOT005:probe:0"]),
    "on some columns": (
        "grant insert (device, ts), select (device, ts) on positions to writer;" + SEQUENCE,
        RightsFrom.OWNER,
        [],
    ),
    "on too few columns": (
        "grant insert (device), select (device) on positions to writer;" + SEQUENCE,
        RightsFrom.OWNER,
        ["BOOT005:probe:0"],
    ),
    "on the schema alone": ("grant usage on schema public to writer;", RightsFrom.OWNER, ["BOOT005:probe:0"]),
    "through a group": (
        "create role dba; grant dba to writer;" + (TABLE + SEQUENCE).replace("writer", "dba"),
        RightsFrom.OWNER,
        [],
    ),
    "through a group without INSERT": (
        "create role dba; create role writer; grant select on positions to dba; grant dba to writer;",
        RightsFrom.OWNER,
        ["BOOT005:probe:0"],
    ),
    "to everybody": ((TABLE + SEQUENCE).replace("writer", "public"), RightsFrom.NOBODY, []),
    "in a block": (
        "do $$ begin execute 'grant insert, select on positions to ' || 'writer'; end $$;" + SEQUENCE,
        RightsFrom.OWNER,
        [],
    ),
    "taken back": (TABLE + SEQUENCE + "revoke insert on positions from writer;", RightsFrom.OWNER, ["BOOT005:probe:0"]),
    "all taken back": (TABLE + "revoke all on positions from writer;", RightsFrom.NOBODY, []),
    "to another role": ("create role dba; " + TABLE.replace("writer", "dba"), RightsFrom.NOBODY, []),
    "row-level security without a policy": (
        "alter table positions enable row level security;" + TABLE + SEQUENCE,
        RightsFrom.OWNER,
        ["BOOT005:probe:0"],
    ),
    "a predefined role": ("grant pg_read_all_data, pg_write_all_data to writer;", RightsFrom.OWNER, []),
    "half of a predefined role": ("grant pg_read_all_data to writer;", RightsFrom.OWNER, ["BOOT005:probe:0"]),
    "a superuser": ("create role writer superuser;", RightsFrom.OWNER, ["BOOT005:ddl:superuser:writer"]),
    "a function": (
        """create function f() returns int language sql as 'select 1'; revoke all on function f() from public;
        grant execute on function f() to writer;""",
        RightsFrom.OWNER,
        ["BOOT005:probe:0"],
    ),
    "the database alone": ("grant connect, temporary on database rehearsal to writer;", RightsFrom.NOBODY, []),
    "with the right to pass it on": (TABLE.replace(";", " with grant option;") + SEQUENCE, RightsFrom.OWNER, []),
    "a group that has to be set": (
        "create role dba; create role writer noinherit; grant dba to writer;" + (TABLE + SEQUENCE).replace("writer", "dba"),
        RightsFrom.OWNER,
        ["BOOT005:probe:0"],
    ),
    "a view": ("create view v as select 1 as a; grant select on v to public;", RightsFrom.NOBODY, []),
    "ownership": (
        "create role writer; alter table positions owner to writer;",
        RightsFrom.OWNER,
        ["BOOT005:ddl:owns:table:public.positions"],
    ),
}


@pytest.mark.parametrize(("more", "source", "keys"), OWN_GRANTS.values(), ids=OWN_GRANTS)
@pytest.mark.usefixtures("shared")
def test_the_grants_of_the_owners_sql_are_what_is_rehearsed(
    tree: Path, more: str, source: RightsFrom, keys: list[str]
) -> None:
    (tree / "new" / "001.sql").write_text(OWNER + "create role writer;" * ("create role writer" not in more) + more)
    inputs = rehearsed(tree, UPSERT)
    assert inputs["rehearsal"].writer.source is source, inputs["rehearsal"].writer
    assert [finding.key for finding in boot005(inputs).findings] == keys


@pytest.mark.usefixtures("shared")
def test_a_role_that_the_sql_takes_for_granted_has_what_it_is_granted(tree: Path) -> None:
    (tree / "new" / "001.sql").write_text(OWNER + "grant select on positions to writer;")
    (finding,) = boot005(rehearsed(tree, UPSERT)).findings
    assert finding.fix_sql is not None
    assert "GRANT INSERT ON public.positions TO writer;" in finding.fix_sql


DEFAULTS = (
    "alter default privileges{} grant insert, select on tables to writer;"
    "alter default privileges{} grant usage on sequences to writer;"
)


@pytest.mark.parametrize(
    ("of", "outcome"),
    [("", Outcome.PASSED), (" for role dba", Outcome.SKIPPED)],
    ids=["of whoever runs it", "of another role"],
)
@pytest.mark.usefixtures("shared")
def test_default_privileges_count_for_what_their_role_creates(tree: Path, of: str, outcome: Outcome) -> None:
    roles = "create role writer; create role dba;"
    (tree / "new" / "001.sql").write_text(roles + DEFAULTS.format(of, of) + OWNER)
    result = boot005(rehearsed(tree, UPSERT))
    assert (result.outcome, "what dba creates" in str(result.reason)) == (outcome, outcome is Outcome.SKIPPED)


@pytest.mark.usefixtures("shared")
def test_the_files_of_audit_toml_come_before_the_owners_grants(tree: Path) -> None:
    (tree / "new" / "001.sql").write_text(OWNER + "grant select on positions to writer;")
    (tree / "grants.sql").write_text(TABLE + SEQUENCE)
    inputs = rehearsed(tree, UPSERT, more='[rehearsal]\ngrants = ["grants.sql"]\n')
    assert inputs["rehearsal"].writer.source is RightsFrom.AUDIT
    assert boot005(inputs).outcome is Outcome.PASSED


@pytest.mark.usefixtures("shared")
def test_each_probes_role_has_its_own_rights(tree: Path) -> None:
    (tree / "new" / "001.sql").write_text(OWNER + "create role dba; grant select on positions to dba;")
    more = '[[probe]]\nname = "r"\nsql = "select n from positions"\nrole = "dba"\n'
    rehearsal = rehearsed(tree, UPSERT, more=more)["rehearsal"]
    assert [(role.name, role.source) for role in (rehearsal.writer, *rehearsal.others)] == [
        ("writer", RightsFrom.NOBODY),
        ("dba", RightsFrom.OWNER),
    ]
    assert boot005({"rehearsal": rehearsal}).outcome is Outcome.PASSED


@pytest.mark.usefixtures("shared")
def test_grants_that_do_not_apply_are_an_error(tree: Path) -> None:
    (tree / "grants.sql").write_text("grant select on\nnowhere to writer;")
    result = boot005(rehearsed(tree, UPSERT, more='[rehearsal]\ngrants = ["grants.sql"]\n'))
    assert result.outcome is Outcome.ERRORED
    assert 'grants.sql:1: relation "nowhere" does not exist' in str(result.reason)


@pytest.mark.usefixtures("shared")
def test_an_owner_that_does_not_apply_is_an_error_and_names_the_line(tree: Path) -> None:
    (tree / "new" / "001.sql").write_text("create table a ();\ncreate table a ();")
    result = boot005(rehearsed(tree, UPSERT))
    assert result.outcome is Outcome.ERRORED
    assert 'the owner\'s SQL does not apply: new/001.sql:2: relation "a" already exists' in str(result.reason)


def test_nothing_is_started_for_what_no_one_asks(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIGRATION_AUDIT_SERVER", "nonsense")  # whoever looks for a server fails
    assert [(i.required, i.outcome) for i in rehearsed(tree).values()] == [(False, Outcome.SKIPPED)] * 2
    later = rehearsed(tree, UPSERT, phase=Phase.RETIRED)
    assert [i.required for i in later.values()] == [False, False]
    assert boot005(rehearsed(tree, UPSERT)).outcome is Outcome.ERRORED


# the fixture: (its text, what differs); None where the owner's SQL is the fixture
FIXTURES = {
    "the same": (OWNER, []),
    "in other words": (OWNER.replace("create unique index", "/* x */ CREATE  UNIQUE INDEX"), []),
    "a column of another name": (OWNER.replace(" seen timestamptz", " primary_seen timestamptz"), ["renamed"]),
    "without the index": (OWNER[: OWNER.index("create unique")], ["missing"]),
    "another type": (OWNER.replace("n int", "n bigint"), ["changed"]),
    "more than the owner": (OWNER + "create table other (a int);", ["unexpected"]),
    "a table out of scope": (OWNER + "create schema x; create table x.other (a int);", []),
}


@pytest.mark.parametrize("case", FIXTURES.values(), ids=FIXTURES)
@pytest.mark.usefixtures("shared")
def test_the_fixture_is_compared_in_both_directions(tree: Path, case: tuple[str, list[str]]) -> None:
    text, verdicts = case
    (tree / "fixture.sql").write_text(text)
    built = rehearsed(tree, more=RULE)["fixture_shadows"]["fixture.sql"]
    assert sorted({d.verdict.value for d in built.drift.roots}) == verdicts


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "the file does not exist"), ("-- nothing", "contains comments but no statement")],
    ids=["missing", "empty"],
)
@pytest.mark.usefixtures("shared")
def test_a_fixture_that_cannot_be_built_says_why(tree: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tree / "fixture.sql").write_text(text)
    built = rehearsed(tree, more=RULE)["fixture_shadows"]["fixture.sql"]
    assert built.drift is None
    assert said in built.reason


@pytest.mark.usefixtures("shared")
def test_a_fixture_that_fails_names_the_line(tree: Path) -> None:
    (tree / "fixture.sql").write_text("create table a ();\nnonsense;")
    built = rehearsed(tree, more=RULE)["fixture_shadows"]["fixture.sql"]
    assert str(built.failure.at) == "fixture.sql:2"


@pytest.mark.slow
@pytest.mark.timescale
def test_the_demo_comes_through_and_a_fixture_of_a_slow_team_does_not(trm: Path) -> None:
    shutil.copy(trm / "directus/db-init/002_positions_hypertable.sql", trm / "fixture.sql")
    text = (trm / "fixture.sql").read_text("utf-8")
    (trm / "fixture.sql").write_text("create extension timescaledb;\n" + text, "utf-8")
    toml = trm / "audit.toml"
    toml.write_text(toml.read_text("utf-8") + RULE, "utf-8")
    inputs = rehearsal_inputs(load_project(toml), phase=Phase.PREFLIGHT, progress=print)
    assert boot005(inputs).outcome is Outcome.PASSED
    missing = {d.key for d in inputs["fixture_shadows"]["fixture.sql"].drift.roots}
    assert missing == {"postgis", "public.positions.faulty", "public.positions_device_ts_idx"}
