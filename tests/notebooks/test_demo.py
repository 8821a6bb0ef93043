"""The demo from outside: one command, three verdicts, and reports that a person can open."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from fix_demo import Ran, evidence_of, findings, outcomes, run_cli
from migration_audit.model.evidence import SCHEMA_VERSION, parse_evidence
from migration_audit.workbook.session import open_audit


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reports")


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A home directory and a temporary folder that are new, and that nobody else may enter."""
    folders = {name: tmp_path_factory.mktemp("private") for name in ("HOME", "TMPDIR")}
    for folder in folders.values():
        folder.chmod(0o700)
    return {name: str(folder) for name, folder in folders.items()}


@pytest.fixture(scope="module")
def ran(reports: Path, private: dict[str, str]) -> Ran:
    return run_cli("demo", "--out", reports.name, cwd=reports.parent, **private)


@pytest.fixture
def run_folder(ran: Ran, reports: Path):
    def folder(environment: str) -> Path:
        (only,) = (reports / environment).iterdir()
        return only

    return folder


@pytest.mark.slow
def test_it_runs_to_its_end_and_prints_a_line_for_each_environment(ran, reports):
    assert ran.code == 0, ran.err
    lines = [line for line in ran.out.splitlines() if re.match(r"(dev|stage|prod) ", line)]
    assert [line.split()[:3] for line in lines] == [
        ["dev", "▲", "review"],
        ["stage", "▲", "review"],
        ["prod", "✕", "blocked"],
        ["dev", "!", "incomplete"],  # after the deletion: nobody has run the acceptance commands
    ]
    assert "After the deletion (--phase retired):" in ran.out
    blockers = [line for line in ran.out.splitlines() if re.match(r" +✕ [A-Z]+\d{3} ", line)]
    assert len(blockers) == 6, "a line each, however long: a log is searched, and a terminal wraps it"
    assert max(len(line) for line in ran.out.splitlines() if "/" not in line and line not in blockers) <= 120
    for path in re.findall(r"\S+report\.html", ran.out):
        assert Path(path).is_file()
    assert f"{reports.name}/index.html" in ran.out


@pytest.mark.parametrize("name", ["20_live_catalog", "30_boot_and_retirement", "40_signoff"])
def test_two_executed_notebooks_can_be_compared(run_folder, name):
    """dev has no blocker and prod has six: what nbdiff shows of the two is read by people, and is at most 40 KB."""
    dev, prod = (
        [output_lines(cell) for cell in json.loads((run_folder(e) / f"{name}.ipynb").read_text("utf-8"))["cells"]]
        for e in ("dev", "prod")
    )
    shown = [f"{line}\n" for pair in zip(dev, prod, strict=True) for line in difflib.unified_diff(*pair, lineterm="")]
    assert 5_000 < sum(len(line.encode()) + 8 for line in shown) < 40_000  # nbdiff indents by eight


def output_lines(cell):
    texts = ("".join(text) for output in cell.get("outputs", ()) for _, text in sorted(output["data"].items()))
    return [line for text in texts for line in text.splitlines()]


def test_it_leaves_nothing_in_the_temporary_folder(ran, private):
    assert not list(Path(private["TMPDIR"]).iterdir())


def test_its_messages_hold_no_traceback_and_no_warning(ran):
    assert not re.search(r"Traceback|Warning|ERROR", ran.err), ran.err


def test_dev_has_no_blocker(ran, reports):
    evidence = evidence_of(reports, "dev")
    assert evidence["verdict"] == "review"
    assert {c["id"] for c in evidence["checks"] if c["outcome"] == "failed"} == {"COV013", "SNAP007"}


def test_stage_tells_of_the_orphaned_ledger_and_has_no_blocker(ran, reports):
    evidence = evidence_of(reports, "stage")
    assert evidence["verdict"] == "review"
    (finding,) = findings(evidence, "LIV011")
    assert "processor.migrations_applied exists" in finding["summary"]
    assert "DROP TABLE processor.migrations_applied" in finding["fix_sql"]


@pytest.mark.parametrize(
    ("check", "said"),
    [
        ("LIV003", ["column public.positions.device_id: type is text in the owner's SQL, character varying(64) in prod"]),
        ("LIV004", ["index public.positions_device_ts is in the owner's SQL and missing in prod"]),
        ("LIV006", ["dimension public.positions.ts: chunk interval is 1 day in the owner's SQL, 7 days in prod"]),
        (
            "LIV010",
            [
                (
                    "the owner's ledger directus.migrations_applied of prod has no entry for 003_faulty_column.sql: "
                    "as far as the ledger shows, the owner's runner has not applied it here"
                )
            ],
        ),
        ("LIV012", ["index public.positions_speed_by_hand is in prod, and neither source creates it"]),
        (
            "LIV013",
            [
                (
                    "prod: 8 keys (device_id, ts) of public.positions are duplicated, in 16 rows: "
                    "index public.positions_device_ts cannot be created"
                )
            ],
        ),
        (
            "BOOT006",
            [
                (
                    "prod lacks the constraint devices_manufacturer_serial_number_unique on devices: "
                    "the files of [boot] post_sql did not run to their end here, or the constraint was removed later"
                )
            ],
        ),
        (
            "PRV001",
            [
                "prod: the writer's role processor may create objects in schema public",
                "prod: the writer's role processor owns table public.positions",
            ],
        ),
    ],
)
def test_each_drift_of_prod_is_a_finding_of_its_own_check(ran, reports, check, said):
    evidence = evidence_of(reports, "prod")
    assert evidence["verdict"] == "blocked"
    assert [f["summary"] for f in findings(evidence, check)] == said


def test_nothing_else_is_wrong_with_prod(ran, reports):
    failed = {check for check, outcome in outcomes(evidence_of(reports, "prod")).items() if outcome == "failed"}
    drift = {"LIV003", "LIV004", "LIV006", "LIV010", "LIV011", "LIV012", "LIV013", "PRV001", "BOOT006"}
    assert failed == {"COV013", "SNAP007", *drift}


def test_the_duplicate_keys_of_prod_are_counted_and_never_shown(run_folder):
    for path in run_folder("prod").rglob("*"):
        assert not path.is_file() or b"356307043001007" not in path.read_bytes(), path


def test_findings_point_at_the_line_that_defines_the_object(ran, reports):
    (finding,) = findings(evidence_of(reports, "prod"), "LIV004")
    path, _, line = finding["where"].rpartition(":")
    source = Path(__file__).resolve().parents[2] / "lib/migration_audit/demo/trm" / path
    assert "create unique index if not exists positions_device_ts " in source.read_text("utf-8").splitlines()[int(line) - 1]


@pytest.mark.parametrize("environment", ["dev", "stage", "prod"])
def test_the_evidence_is_complete(ran, reports, environment):
    evidence = evidence_of(reports, environment)
    assert evidence["complete"] is True
    assert evidence["schema_version"] == SCHEMA_VERSION
    assert (evidence["project"], evidence["phase"], evidence["environment"]) == ("trm", "preflight", environment)
    assert evidence["server"]["database"] == f"trm_{environment}"
    assert re.fullmatch(r"\d+", evidence["server"]["system_identifier"])
    assert set(evidence["server"]["extension_versions"]) >= {"timescaledb", "postgis"}
    assert set(evidence["snapshots"]) == {"legacy", "owner", "live"}
    assert not [value for value in walk(evidence) if isinstance(value, float)]


def walk(value):
    yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(child)


def test_the_evidence_names_the_files_that_were_judged(ran, reports):
    root = Path(__file__).resolve().parents[2] / "lib/migration_audit/demo/trm"
    sources = evidence_of(reports, "dev")["sources"]
    assert [len(source["files"]) for source in sources] == [2, 3]
    for file in (file for source in sources for file in source["files"]):
        assert hashlib.sha256((root / file["path"]).read_bytes()).hexdigest() == file["sha256"]


def test_the_evidence_names_the_other_files_that_were_judged(ran, reports):
    root = Path(__file__).resolve().parents[2] / "lib/migration_audit/demo/trm"
    files = {file["path"]: file["sha256"] for file in evidence_of(reports, "prod")["artifacts"]}
    assert {"deploy/compose.yaml", "directus/apply-db-init.sh", "directus/snapshots/schema.yaml"} <= files.keys()
    assert {"processor/src/main.ts", "processor/package.json", "docs/log.md"} <= files.keys()
    assert all(hashlib.sha256((root / path).read_bytes()).hexdigest() == sha256 for path, sha256 in files.items())


def test_before_the_deletion_the_work_is_listed_and_weighs_nothing(ran, reports):
    checks = {c["id"]: c for c in evidence_of(reports, "dev")["checks"]}
    assert {checks[f"RET00{n}"]["outcome"] for n in range(1, 10)} == {"pending"}
    assert [f["where"] for f in checks["RET003"]["findings"] if "main.ts" in f["where"]] == [
        "processor/src/main.ts:15",
        "processor/src/main.ts:4",
    ]


def test_after_the_deletion_only_the_acceptance_commands_are_open(ran, reports):
    evidence = evidence_of(reports / "retired", "dev")
    assert (evidence["phase"], evidence["verdict"], evidence["complete"]) == ("retired", "incomplete", True)
    held = {c["id"]: c for c in evidence["checks"]}
    assert {i for i, c in held.items() if c["outcome"] == "failed"} == {"SNAP007"}
    assert {i for i, c in held.items() if c["outcome"] == "skipped" and c["required"]} == {"CMD001"}
    assert "errored" not in {c["outcome"] for c in held.values()}
    assert {held[f"RET00{n}"]["outcome"] for n in range(1, 10)} == {"passed"}
    assert "migration-audit run --commands" in held["CMD001"]["reason"]
    assert "processor/src/db/migrate.ts" not in {file["path"] for file in evidence["artifacts"]}


def test_the_statement_covers_every_file_of_the_run(run_folder):
    folder = run_folder("prod")
    statement = json.loads((folder / "statement.json").read_text("utf-8"))
    named = {subject["name"]: subject["digest"]["sha256"] for subject in statement["subject"]}
    there = {p.relative_to(folder).as_posix(): p for p in folder.rglob("*") if p.is_file()}
    assert named.keys() == there.keys() - {"statement.json"}
    assert {"evidence.json", "report.html", "10_preflight_diff.ipynb", "40_signoff.ipynb"} <= named.keys()
    assert {"20_live_catalog.ipynb", "30_boot_and_retirement.ipynb"} <= named.keys()
    for name, digest in named.items():
        assert hashlib.sha256(there[name].read_bytes()).hexdigest() == digest
    assert statement["predicate"]["environment"] == "prod"


def test_the_next_notebook_takes_over_facts_whose_files_are_the_same(run_folder, tmp_path):
    facts = shutil.copytree(run_folder("prod") / "facts", tmp_path / "facts")
    given = {"config": str(facts / "audit.toml"), "environment": "prod", "run_folder": str(facts)}
    first = open_audit(**given)
    assert first.results  # from the files
    second = open_audit(**given)
    assert (second.shared is first.shared, second.own is first.own, second.results is first.results) == (True, True, True)
    shutil.copy(run_folder("stage") / "facts" / "live.json.gz", facts)
    third = open_audit(**given)
    assert (third.shared is first.shared, third.live == first.live) == (True, False)
    other = open_audit(**(given | {"environment": "stage"}))
    assert (other.shared is first.shared, other.own is third.own) == (True, False)


def test_the_report_is_one_file_that_needs_nothing_else(run_folder):
    html = (run_folder("prod") / "report.html").read_text("utf-8")
    assert "<script" not in html.lower()
    assert not re.search(r"""(?:src|href)\s*=\s*["']?(?:https?:)?//""", html)
    assert re.search(r'http-equiv="Content-Security-Policy" content="default-src \'none\'', html)
    body = html[html.index("<body") :]
    assert body.index("prod is blocked") < body.index("positions_device_ts") < body.index("Contents")


def test_the_index_links_every_environment(ran, reports):
    html = (reports / "index.html").read_text("utf-8")
    for path in re.findall(r'href="([^"#]+report\.html)', html):
        assert (reports / path).is_file()
    assert {"dev", "stage", "prod"} <= set(re.findall(r'href="(\w+)/', html))
    for path, anchor in set(re.findall(r'href="([^"#]+report\.html)#([^"]+)"', html)):
        assert f' id="{anchor}"' in (reports / path).read_text("utf-8"), anchor


def test_no_secret_and_no_connection_is_in_any_file(ran, reports):
    for path in reports.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert b"password=" not in content, path
            assert b"host='" not in content, path


def test_the_facts_give_the_same_results_and_reports_again(run_folder):
    from migration_audit.runner.rendering import recomputed

    folder = run_folder("prod")
    evidence = parse_evidence((folder / "evidence.json").read_bytes())
    assert [(s.ok, s.text.partition(" ")[2]) for s in recomputed(folder, evidence)] == [
        (True, "results, the verdict and the reports match the facts: recomputed")
    ]
