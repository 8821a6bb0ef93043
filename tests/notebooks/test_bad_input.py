"""What can go wrong around an audit: each gets a clear error with its name, and nothing is lost or overwritten."""

from __future__ import annotations

import hashlib
import itertools
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from fix_demo import Ran, evidence_of, outcomes, project_of, run_cli
from fix_demo import findings as findings_of
from fix_inputs import inputs, ledger, project, source
from fix_outside import HALVES, PASSWORD, Guarded, every_byte, replace_in, with_environments, write_notebook
from migration_audit.audit.audit import Audit
from migration_audit.audit.demo import demo_root
from migration_audit.checks import find_check, judge
from migration_audit.gate import decide
from migration_audit.model.finding import CheckResult, Outcome, Phase, Verdict

pytestmark = pytest.mark.slow

OWNER = "directus/db-init"
LEGACY = "processor/src/db/migrations"


def audit_of(folder: Path, environment: str = "dev", *, facts: Path | None = None) -> Audit:
    project = project_of(folder)
    chosen = project.environment(environment)
    return Audit(project, environment=chosen, phase=Phase.PREFLIGHT, folder=facts, progress=lambda _: None)


def said(result: CheckResult) -> list[str]:
    return [finding.summary for finding in result.findings]


def is_undecided(result: CheckResult) -> bool:
    return result.outcome is Outcome.ERRORED or (result.outcome is Outcome.SKIPPED and result.required)


def contents(folder: Path) -> dict[Path, str]:
    return {path: hashlib.sha256(content).hexdigest() for path, content in every_byte(folder)}


@pytest.fixture(scope="module")
def preflight(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The facts of the untouched demo's pre-flight, made once."""
    folder = tmp_path_factory.mktemp("facts")
    assert audit_of(demo_root(), facts=folder).shared_results
    return folder


@pytest.fixture
def audited(preflight, tmp_path, monkeypatch):
    """Audits one environment against that pre-flight: the value of its variable, and more keys of its table."""
    numbers = itertools.count()

    def audit(value: str | None, keys: str = "", *replaced: tuple[str, str]) -> dict[str, CheckResult]:
        folder = tmp_path / f"audit{next(numbers)}"
        root = Path(shutil.copytree(demo_root(), folder / "trm"))
        path = with_environments(root, there=f'dsn_env = "THE_DSN"\n{keys}')
        for before, after in replaced:
            replace_in(path, before, after)
        monkeypatch.delenv("THE_DSN", raising=False)
        if value is not None:
            monkeypatch.setenv("THE_DSN", value)
        made = audit_of(root, "there", facts=Path(shutil.copytree(preflight, folder / "facts")))
        return {result.id: result for result in made.results}

    return audit


UNREACHABLE = {
    "an unset variable": (lambda g: None, "variable THE_DSN is not set"),
    "an empty variable": (lambda g: "", "variable THE_DSN is empty"),
    "no URL": (lambda g: f"see {PASSWORD}", "variable THE_DSN does not contain a PostgreSQL URL"),
    "a password that is not encoded": (
        lambda g: f"postgresql://reader:pl4nt3d@end5ecret@{g.address}/dev",
        "is ambiguous",
    ),
    "nothing listens": (lambda g: "postgresql://u:pl4nt3d@127.0.0.1:1/dev",
        "dev on 127.0.0.1:1: cannot connect: Connection refused"),
    "no such host": (lambda g: "postgresql://u:pl4nt3d@no.such.host.invalid/dev", "no.such.host.invalid"),
    "a wrong password": (lambda g: g.url("dev", password=f"{PASSWORD}x"), 'authentication failed for user "reader"'),
    "an unknown database": (lambda g: g.url("nowhere"), 'database "nowhere" does not exist'),
    "a role without CONNECT": (lambda g: g.url("closed", user="outsider"), "GRANT CONNECT ON DATABASE"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "expected"), UNREACHABLE.values(), ids=UNREACHABLE)
def test_an_environment_that_cannot_be_read_is_incomplete_and_says_why(audited, guarded, value, expected):
    results = audited(value(guarded))
    assert decide(results.values()) is Verdict.INCOMPLETE
    assert results["LIV001"].outcome is Outcome.ERRORED
    assert expected in results["LIV001"].reason
    assert "→" in results["LIV001"].reason, "what to do"
    assert {r.outcome for r in results.values() if r.id.startswith("LIV")} == {Outcome.ERRORED}
    assert {r.outcome for r in results.values() if r.id.startswith("SQL")} == {Outcome.PASSED}, "the pre-flight is not lost"
    reported = "".join(map(repr, results.values())).encode()
    assert not [half for half in HALVES if half in reported]


def test_a_database_without_the_extension_says_what_is_missing(audited, guarded):
    results = audited(guarded.conninfo("plain"))
    assert "extension timescaledb is in the owner's SQL and missing in there" in said(results["LIV014"])
    assert "hypertable public.positions is in the owner's SQL and missing in there" in said(results["LIV006"])
    assert results["LIV007"].outcome is Outcome.PASSED, "no TimescaleDB, no chunks, no error"
    assert decide(results.values()) is Verdict.BLOCKED


def test_a_role_with_only_connect_reads_all_but_the_ledger_and_that_is_not_fine(audited, guarded):
    results = audited(guarded.url("dev"))
    assert {r.id for r in results.values() if r.outcome is Outcome.FAILED} == {"COV013", "SNAP007"}
    # Neither the ledger nor what Directus has recorded can be read.
    assert {r.id for r in results.values() if is_undecided(r)} == {"LIV010", "SNAP001", "SNAP002", "SNAP003", "SNAP004"}
    assert results["LIV010"].outcome is Outcome.SKIPPED
    assert results["LIV010"].reason == "Role reader may not use schema directus."
    assert decide(results.values()) is Verdict.INCOMPLETE


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ('database = "dev"', []),
        ('database = "prod"', ["there is not the database that audit.toml pins: database is dev, not prod"]),
        ('system_identifier = "{id}"', []),
        ('system_identifier = "12"', ["there is not the database that audit.toml pins: system identifier is {id}, not 12"]),
    ],
    ids=["right database", "wrong database", "right server", "wrong server"],
)
def test_pins_say_whether_it_is_the_right_database(audited, guarded, keys, expected):
    keys, expected = (
        keys.replace("{id}", guarded.identifier),
        [text.replace("{id}", guarded.identifier) for text in expected],
    )
    results = audited(guarded.conninfo("dev"), keys)
    assert said(results["LIV001"]) == expected
    assert decide(results.values()) is (Verdict.BLOCKED if expected else Verdict.REVIEW)


def test_a_pin_that_the_role_may_not_check_is_not_fine(audited, guarded: Guarded):
    guarded.copy("blind")
    guarded.execute("revoke execute on function pg_control_system() from public", database="blind")
    result = audited(guarded.url("blind"), 'system_identifier = "12"')["LIV001"]
    assert result.outcome is Outcome.SKIPPED
    assert "reader may not read it: GRANT EXECUTE" in result.reason


@pytest.mark.parametrize(
    ("pin", "expected"),
    [
        ('chunk_interval = "1 day"', []),
        ('chunk_interval = "2 days"', ["public.positions.ts"]),
        ("partitions = 4", ["public.positions.ts"]),
    ],
)
def test_pins_of_a_hypertable(audited, guarded, pin, expected):
    results = audited(guarded.conninfo("dev"), "", ('chunk_interval = "1 day"', pin))
    assert len(results["LIV006"].findings) == len(expected), results["LIV006"]
    for finding in results["LIV006"].findings:
        assert "audit.toml" in f"{finding.where} {finding.summary}"
        assert "positions" in finding.summary


def test_a_ledger_that_both_runners_share_is_never_to_be_dropped(audited, guarded: Guarded):
    rows = ", ".join(f"('{path.name}')" for path in sorted(demo_root().glob(f"{LEGACY}/*.sql")))
    guarded.copy("shared")
    guarded.execute(f"insert into directus.migrations_applied (filename, checksum) select f, '' from (values {rows}) v (f)",
                    database="shared")  # fmt: skip
    one_table = ('table = "processor.migrations_applied"', 'table = "directus.migrations_applied"')
    results = audited(guarded.conninfo("shared"), "", one_table)
    assert results["LIV010"].outcome is Outcome.PASSED
    (finding,) = results["LIV011"].findings
    assert (
        "is shared by both runners (of 7 rows, 2 of the legacy runner and 5 others): never drop the table" in finding.summary
    )
    assert finding.fix_sql.startswith("DELETE FROM directus.migrations_applied WHERE")
    assert "003_faulty_column.sql" not in finding.fix_sql


def test_the_cleanup_of_a_shared_ledger_leaves_a_row_that_may_be_the_owners():
    """Both sources have a file of one name: its row is the owner's too, who would apply the file again without it."""
    ours = project()
    shared = replace(ours, legacy=replace(ours.legacy, ledger=replace(ours.legacy.ledger, schema="directus")))
    given = {
        "legacy_ledger": ledger("owner", names=("001_a.sql", "002_b.sql"), checksums=(None, None)),
        "legacy_source": source("legacy", files=(("migrations/001_a.sql", "b" * 64), ("migrations/002_b.sql", "c" * 64))),
        "project": shared,
    }
    (result,) = judge([find_check("LIV011")], inputs(**given), Phase.PREFLIGHT)
    (finding,) = result.findings
    assert "'002_b.sql'" in finding.fix_sql
    assert "001_a.sql" not in finding.fix_sql


def test_a_ledger_of_another_shape_is_reported_with_its_columns(audited, guarded):
    results = audited(guarded.conninfo("dev"), "", ('checksum_column = "checksum"', 'checksum_column = "sha256"'))
    (summary,) = said(results["LIV010"])
    assert "has no column sha256; it has filename, checksum, applied_at" in summary


def test_everything_that_a_rule_leaves_out_is_counted(audited, guarded: Guarded):
    guarded.copy("huge")
    before = reported_scope(audited(guarded.conninfo("huge")))
    tables = "; ".join(f"create table directus_x{n} (id int primary key, note text not null)" for n in range(500))
    guarded.execute(tables, database="huge")
    results = audited(guarded.conninfo("huge"))
    # A table, two columns, an index, and constraints: a primary key and, from PostgreSQL 18 on, NOT NULLs.
    assert reported_scope(results) - before >= 500 * 5
    assert results["LIV012"].outcome is Outcome.PASSED


def reported_scope(results: dict[str, CheckResult]) -> int:
    found = re.search(r"out of scope by [^:]+: ([\d,]+) objects", results["LIV012"].reason)
    assert found is not None
    return int(found[1].replace(",", ""))


UNREADABLE = {
    "a glob that matches nothing": (
        lambda trm: replace_in(trm / "audit.toml", f'"{LEGACY}/*.sql"', '"nothing/*.sql"'),
        "no .sql files match 'nothing/*.sql'",
    ),
    "a root that is not there": (
        lambda trm: replace_in(trm / "audit.toml", f'sql = ["{OWNER}/*.sql"]', 'root = "gone"\nsql = ["*.sql"]'),
        "no such folder",
    ),
    "not UTF-8": (
        lambda trm: (trm / OWNER / "004_latin.sql").write_bytes(b"select 1;\n-- caf\xe9\n"),
        f"{OWNER}/004_latin.sql:2: not UTF-8: byte 0xE9",
    ),
    "a name that is not UTF-8": (
        lambda trm: shutil.copy(bytes(trm / OWNER / "003_faulty_column.sql"), bytes(trm / OWNER) + b"/004_\xff.sql"),
        "the name of this file is not UTF-8",
    ),
    "a psql command that is refused": (
        lambda trm: (trm / OWNER / "004_copy.sql").write_text("select 1;\n\\! rm -rf /\n"),
        f"{OWNER}/004_copy.sql:2",
    ),
}


@pytest.mark.parametrize(("spoil", "expected"), UNREADABLE.values(), ids=UNREADABLE)
def test_sql_that_cannot_be_read_decides_nothing_and_says_where(trm, guarded, monkeypatch, spoil, expected):
    spoil(trm)
    monkeypatch.setenv("TRM_DEV_DSN", guarded.conninfo("dev"))
    results = {result.id: result for result in audit_of(trm).results}
    assert results["SQL001"].outcome is Outcome.ERRORED
    assert expected in results["SQL001"].reason
    assert "→" in results["SQL001"].reason
    assert results["LIV001"].outcome is Outcome.PASSED, "the live database is read all the same"
    assert decide(results.values()) is Verdict.INCOMPLETE
    assert not [r.id for r in results.values() if r.id.startswith("COV") and r.outcome is not Outcome.ERRORED]


@pytest.fixture(scope="module")
def overlapping(server, tmp_path_factory) -> dict[str, CheckResult]:
    """The owner's globs take the legacy files too; its SQL needs roles that nobody makes, and makes one itself."""
    root = Path(shutil.copytree(demo_root(), tmp_path_factory.mktemp("overlap") / "trm"))
    replace_in(root / "audit.toml", f'"{OWNER}/*.sql"', f'"{OWNER}/*.sql", "{LEGACY}/*.sql", "**/*_faulty*.sql"')
    (root / OWNER / "004_roles.sql").write_text(
        "create table if not exists owned (id int);\nalter table owned owner to ghost;\ngrant select on owned to phantom;\n"
    )
    (root / OWNER / "005_makes_one.sql").write_text("create role made login;\nalter table owned owner to made;\n")
    return {result.id: result for result in audit_of(root).shared_results}


def test_a_file_of_both_sources_is_reported_and_applied_once(overlapping):
    assert "directus: 7 files in a fixed order" in overlapping["SQL001"].reason
    both = [f"{LEGACY}/0001_positions.sql", f"{LEGACY}/0002_positions_faulty.sql"]
    (finding,) = overlapping["SQL001"].findings
    assert finding.key == "SQL001:owner:takes-legacy"
    assert finding.actual == ", ".join(both)


def test_roles_that_no_one_makes_are_assumed_and_reported(overlapping):
    assert overlapping["SQL002"].outcome is Outcome.PASSED
    assert overlapping["SQL002"].reason.split("; ")[-1] == "owner: roles that the SQL assumes to exist: ghost, phantom"


def test_a_role_that_the_sql_makes_is_in_the_way_the_second_time_only(overlapping):
    assert overlapping["SQL003"].outcome is Outcome.PASSED, "the owner's ledger runs each file once"
    assert f'{OWNER}/005_makes_one.sql:1: role "made" already exists' in overlapping["SQL003"].reason
    assert overlapping["COV008"].outcome is Outcome.PASSED, "the other side's cluster knows nothing of it"


# From here on with the command line.


@pytest.fixture(scope="module")
def awkward(tmp_path_factory) -> Path:
    """A project in a folder whose name has all that a name may have."""
    return Path(shutil.copytree(demo_root(), tmp_path_factory.mktemp("a b") / "{trm} ü '\"&<x>%s $HOME"))


@pytest.fixture(scope="module")
def earlier(awkward) -> dict[Path, str]:
    """What stands in the report folder before: a run that never ended, other people's files, another version's."""
    out = awkward / "deep" / "reports"
    for path, text in {
        "good/20200101T000000Z-abcdef1/evidence.json": "[1,",
        "good/20200101T000000Z-abcdef1/report.html": "precious",
        "gone/20200101T000000Z-abcdef1/evidence.json": "{}",
        "gone/20990101T000000Z-abcdef1/evidence.json": '{"schema_version": 99, "verdict": "sparkling"}',
        "signed/good/x/evidence.json": "{}",
        "notes.txt": "mine",
    }.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(text)
    return contents(out)


@pytest.fixture(scope="module")
def troubled(awkward, earlier, guarded: Guarded) -> Ran:
    """One run over a good environment and three that are not; started elsewhere, into a folder that is in use."""
    config = with_environments(
        awkward,
        good='dsn_env = "GOOD_DSN"',
        reader='dsn_env = "READER_DSN"',
        unset='dsn_env = "UNSET_DSN"',
        wrong='dsn_env = "WRONG_DSN"',
    )
    out = awkward / "deep" / "reports"
    guarded.copy("for_reader")
    variables = {
        "GOOD_DSN": guarded.conninfo("dev"),
        "READER_DSN": guarded.url("for_reader"),
        "WRONG_DSN": guarded.url("dev", password=f"{PASSWORD}x"),
    }
    return run_cli("run", "--config", str(config), "--out", str(out), cwd=Path("/"), **variables)


@pytest.fixture
def out(troubled, awkward) -> Path:
    return awkward / "deep" / "reports"


def test_the_worst_environment_decides_the_exit_code(troubled):
    assert troubled.code == 3, troubled.err
    assert "Traceback" not in troubled.out + troubled.err


@pytest.mark.parametrize(
    ("environment", "verdict"),
    [("good", "review"), ("reader", "incomplete"), ("unset", "incomplete"), ("wrong", "incomplete")],
)
def test_every_environment_gets_its_own_report(troubled, out, environment, verdict):
    evidence = evidence_of(out, environment)
    assert (evidence["verdict"], evidence["complete"]) == (verdict, True)
    (report,) = out.glob(f"{environment}/2[0-9]*Z-nocommit/report.html")
    text = report.read_text("utf-8")
    assert environment in text
    assert ("could not be fully audited" in text) is (verdict == "incomplete")


@pytest.mark.parametrize(
    "reason",
    [
        "Role reader may not use schema directus.",
        "environment unset: variable UNSET_DSN is not set",
        "→ set it to the URL of this database",
        'password authentication failed for user "reader"',
    ],
)
def test_the_terminal_says_why_without_opening_a_report(troubled, reason):
    assert reason in troubled.out


def test_a_planted_password_is_in_no_byte_of_anything(troubled, awkward):
    for half in HALVES:
        assert half not in (troubled.out + troubled.err).encode()
        assert not [path for path, content in every_byte(awkward) if half in content]


def test_what_was_in_the_report_folder_before_is_untouched(troubled, out, earlier):
    after = contents(out)
    assert {path: after.get(path) for path in earlier} == earlier


def test_the_index_leaves_out_what_it_cannot_read_and_that_is_reported(troubled, out):
    html = (out / "index.html").read_text("utf-8")
    assert "sparkling" not in html
    assert all(f"{name}/2" in html for name in ("good", "reader", "unset", "wrong"))
    assert "leaves out" in troubled.err
    assert "gone/20990101T000000Z-abcdef1: its evidence.json is not one of this version" in troubled.err


@pytest.fixture(scope="module")
def halfway(server, tmp_path_factory) -> tuple[Ran, Path]:
    """Two environments, and owner's SQL that fails in its last file."""
    root = Path(shutil.copytree(demo_root(), tmp_path_factory.mktemp("halfway") / "trm"))
    (root / OWNER / "004_fails.sql").write_text(
        "select 1;\n\nalter table positions\n  add column fine int,\n  add worse nope;\n"
    )
    with_environments(root, one='dsn_env = "ONE_DSN"', two='dsn_env = "TWO_DSN"')
    return run_cli("run", "--config", str(root)), root


def test_sql_that_fails_half_way_is_reported_with_file_line_statement_and_message(halfway):
    ran, root = halfway
    assert ran.code == 3
    for environment in ("one", "two"):
        evidence = evidence_of(root / "reports", environment)
        assert evidence["verdict"] == "incomplete"
        (finding,) = findings_of(evidence, "SQL002")
        assert f"{OWNER}/004_fails.sql:3" in f"{finding['where']} {finding['summary']}"
        assert 'type "nope" does not exist' in finding["summary"]
        (report,) = (root / "reports" / environment).glob("*/report.html")
        text = report.read_text("utf-8")
        for part in (f"{OWNER}/004_fails.sql:3", "nope", "does not exist", "alter table positions add column fine int"):
            assert part in text, part
    assert "Traceback" not in ran.out + ran.err


def test_coverage_is_not_decided_by_sql_that_fails(halfway):
    _, root = halfway
    found = outcomes(evidence_of(root / "reports", "one"))
    assert {found[check] for check in found if check.startswith("COV")} == {"errored"}


def test_two_runs_at_once_into_one_folder_through_a_service(guarded: Guarded, trm, tmp_path, start):
    """The connection comes from pg_service.conf and .pgpass, both named by paths relative to where the run starts."""
    host, _, port = guarded.address.partition(":")
    (tmp_path / "services").write_text(f"[the-dev]\nhost={host}\nport={port}\ndbname=dev\nuser=postgres\n")
    (tmp_path / "pass").write_text(f"{host}:{port}:*:postgres:{conninfo_to_dict(guarded.admin)['password']}\n")
    (tmp_path / "pass").chmod(0o600)
    config = with_environments(trm, dev='service = "the-dev"')
    (tmp_path / "psycopg.py").write_text("raise SystemExit('not this one')\n")
    arguments = ("run", "--config", str(config), "--out", "out")
    both = [start(*arguments, cwd=tmp_path, PGSERVICEFILE="services", PGPASSFILE="pass") for _ in range(2)]
    assert [each.process.wait(timeout=120) for each in both] == [0, 0], both[0].err + both[1].err
    runs = sorted((tmp_path / "out" / "dev").iterdir())
    assert len(runs) == 2
    assert {evidence_of(tmp_path / "out", "dev")["verdict"]} == {"review"}
    for run in runs:
        assert {path.name for path in run.iterdir()} >= {"evidence.json", "statement.json", "report.html"}
    assert not list((tmp_path / "out").rglob("*.part"))


@pytest.mark.parametrize("place", ["a file instead of an environment's folder", "a file instead of the report folder"])
def test_a_report_folder_that_cannot_be_written_is_reported_before_anything_starts(trm, tmp_path, place):
    out = tmp_path / "out"
    if "environment" in place:
        out.mkdir()
        (out / "stage").write_text("mine")
    else:
        out.write_text("mine")
        replace_in(trm / "audit.toml", "[scope]\n", f'[report]\nout = "{out}"\n\n[scope]\n')
    before = contents(tmp_path)
    ran = run_cli("run", "--config", str(trm), *(["--out", str(out)] if out.is_dir() else []))
    assert ran.code == 3
    assert "the report folder cannot be written: Not a directory" in ran.err
    assert str(out) in ran.err
    assert "→ choose another one with --out" in ran.err
    assert "pre-flight" not in ran.err
    assert contents(tmp_path) == before
    assert not (out / "dev").exists(), "no empty folder is left behind"


def test_evidence_that_cannot_be_written_is_no_verdict(trm, tmp_path):
    """Something stands where evidence.json is to be written; the other environment is audited."""
    occupy = "if environment == 'dev': (Path(run_folder).parent / 'evidence.json' / 'x').mkdir(parents=True)"
    write_notebook(trm / "notebooks" / "20_live_catalog.ipynb", "from pathlib import Path", occupy)
    out = tmp_path / "out"
    ran = run_cli("run", "--config", str(trm), "--out", str(out), "--env", "dev", "--env", "stage")
    assert ran.code == 3
    assert "evidence.json: cannot be written: Is a directory" in ran.out
    assert "Traceback" not in ran.err
    (dev,) = (out / "dev").iterdir()
    assert not (dev / "report.html").exists(), "a report without evidence would tell of a verdict that was not given"
    assert evidence_of(out, "stage")["complete"] is True
