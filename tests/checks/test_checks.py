"""Every check: a quiet case, loud cases, and what makes it undecided. A row is (check, case, inputs, finding keys)."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_type_hints

import pytest

import fix_boot
import fix_code
import fix_directus
import fix_rehearsal
import migration_audit.checks
from fix_documents import LOG, PAGE, SENTENCE, command, document, document_rule, drop_rule
from fix_inputs import (
    FIXTURE,
    NOT_THERE,
    SCHEMA,
    SERVER,
    access,
    attempt,
    built,
    chunks,
    convergence,
    drift,
    environment,
    fixture,
    inputs,
    ledger,
    member,
    obstacle,
    position,
    probe,
    project,
    rehearsal,
    rights,
    seeded,
    source,
    statement,
    taken_back,
    undone,
    with_changed,
    without,
)
from fix_inputs import applied as applied_
from fix_model import aggregate, column, compression, index, job, job_status, routine, snapshot, table, trigger
from migration_audit import project as project_package
from migration_audit.audit.case import live_checks, shared_checks, waiver_checks
from migration_audit.audit.facts.types import (
    EnvironmentComputed,
    EnvironmentFacts,
    SavedSharedFacts,
    SharedComputed,
    WaiverComputed,
)
from migration_audit.checks import ALL, BY_ID, find_check, judge
from migration_audit.checks.cov013_duplicate_indexes import is_default_index
from migration_audit.checks.describe import attribute_findings, failure_finding
from migration_audit.gate import decide
from migration_audit.model.boot import RehearsalRole, RightsFrom
from migration_audit.model.code import Import, Unread
from migration_audit.model.documents import CommandState
from migration_audit.model.drift import Difference, DiffVerdict, Drift, FieldChange, NotKnown
from migration_audit.model.errors import UsageError
from migration_audit.model.finding import (
    Check,
    CheckResult,
    Excluded,
    Finding,
    Note,
    Outcome,
    Phase,
    Severity,
    Unavailable,
    Verdict,
    WaiverState,
    WaiverUse,
)
from migration_audit.model.live import LedgerState
from migration_audit.model.location import Location
from migration_audit.model.preflight import COMMAND, DATABASE, CrossCheck, Unexplained
from migration_audit.model.privileges import Granted, Membership, Owned, RoleFacts
from migration_audit.model.rows import RowsComparison
from migration_audit.model.side_effects import Outside, OutsideKind, SourceUndone
from migration_audit.model.snapshot import NotRead, Unmodelled
from migration_audit.model.sql import NotApplied, Similarity, SqlFailure
from migration_audit.project import HypertablePin
from migration_audit.report.triage import triage

TWIN = index("positions_ts_idx", "(ts DESC)", unique=False)
MORE = (*SCHEMA, index("positions_ts", "(ts DESC)", unique=False), TWIN)
PIN = HypertablePin(table="public.positions", column="ts", chunk_interval="1 day", at=Location("audit.toml", 40))
WIDE = with_changed("dimension", chunk_interval="7 days")
VARCHAR = with_changed("column", "device_id", type="character varying(64)")
CROSS_CHECK = CrossCheck(
    unexplained=(Unexplained(kind="COLUMN", name="public.t a", expected="a integer", actual="a bigint"),)
)
SETTINGS = snapshot(*SCHEMA, compression(), aggregate(), job())
"""Both sources' schema with what is set on the hypertable."""
OTHER_SETTINGS = snapshot(*SCHEMA, compression(segment_by=None), aggregate(materialized_only=False))
SHARED = replace(project().owner.ledger, schema="processor")
RERUN = project(owner=replace(project().owner, rerun=True))
"""The owner's runner keeps a ledger, and repeats files all the same."""
NO_LEDGER = project(owner=replace(project().owner, ledger=None))
COMMANDED = source(format=COMMAND, files=(("run.sh", "f" * 64),), entries=("001_a", "002_b"), checksums=("a" * 64, "b" * 64))
"""An owner who is a command, and what it recorded on an empty server."""
ONCE = project(owner=replace(project().owner, ledger=None, rerun=False))
SUPER = RoleFacts(name="processor", superuser=True)
CREATE = Granted(kind="schema", object="public", privilege="CREATE", grantee=None)
TEMPORARY = Granted(kind="database", object="trm", privilege="TEMPORARY", grantee=None)
INERT = Membership(member="processor", role="dba", inherit=False, set=False)
NOBODY = access(exists=False, roles=())


def waived(state, finding="LIV004:index:public.i"):
    return WaiverUse(
        finding=finding, reason="known", owner="ann", expires=date(2027, 1, 31), at="audit.toml:9", state=WaiverState(state)
    )


NOTHING = Unavailable(reason="nothing was compared", outcome=Outcome.ERRORED)

OWN_RIGHTS = RehearsalRole(name="processor", source=RightsFrom.OWNER, rights=("SELECT ON public.positions TO processor",))
REFUSED = attempt(
    rows=None,
    again=None,
    error="permission denied for table positions",
    sqlstate="42501",
    lacks=("no INSERT on public.positions",),
    fixes=("GRANT INSERT ON public.positions TO processor;",),
)


def outside(kind: OutsideKind = OutsideKind.PROGRAM, what: str = "COPY … TO PROGRAM") -> Outside:
    return Outside(kind=kind, what=what, words="reaches out of the database", at=Location("a.sql", 3))


LOUD = [
    *fix_boot.LOUD,
    *fix_code.LOUD,
    *fix_directus.LOUD,
    *fix_rehearsal.LOUD,
    (
        "SQL001",
        "two files with one number",
        {"sources": (source(duplicates=(("2", ("db-init/2_a.sql", "db-init/02_b.sql")),)),)},
        ["SQL001:owner:2"],
    ),
    (
        "SQL001",
        "the owner takes the legacy files",
        {"sources": (source("legacy"), source("owner", files=(*source("legacy").files, ("db-init/9_z.sql", "0" * 64))))},
        ["SQL001:owner:takes-legacy"],
    ),
    (
        "SQL007",
        "a file that no glob matches",
        {"sources": (source(not_applied=(NotApplied(path="x/2.sql", reason="no glob matches it", by_rule=False),)),)},
        ["SQL007:owner:x/2.sql"],
    ),
    (
        "SQL007",
        "a part that psql -v could run",
        {"sources": (source(not_applied=(NotApplied(path="x.sql", line=7, reason="\\if :{?a} is false", by_rule=False),)),)},
        ["SQL007:owner:x.sql:7"],
    ),
    (
        "SQL008",
        "a program, twice, and a setting of the server",
        {"sources": (source(outside=(outside(), outside(), outside(OutsideKind.SERVER, "ALTER SYSTEM"))), source("legacy"))},
        [
            "SQL008:owner:a.sql:ALTER SYSTEM",
            "SQL008:owner:a.sql:COPY … TO PROGRAM",
            "SQL008:owner:a.sql:COPY … TO PROGRAM:2",
        ],
    ),
    (
        "SQL004",
        "nowhere, and something else",
        {
            "statements": (
                statement(),
                statement(
                    legacy=Location("a.sql", 4), similarity=Similarity.ABSENT, owner=None, differing=("index public.i",)
                ),
                statement(legacy=Location("a.sql", 9), similarity=Similarity.DIFFERENT),
                statement(legacy=Location("a.sql", 12), differing=("table public.t",)),
            )
        },
        ["SQL004:a.sql:12", "SQL004:a.sql:4", "SQL004:a.sql:9"],
    ),
    ("SQL002", "the owner's SQL fails", {"owner_applied": applied_("owner", failure="boom")}, ["SQL002:owner:a.sql"]),
    (
        "SQL003",
        "an error the second time",
        {"repeats": (convergence("owner", "owner", failure="exists"),), "project": RERUN},
        ["SQL003:owner+owner:a.sql"],
    ),
    (
        "SQL003",
        "an error the second time, and no ledger that prevents a second time",
        {"repeats": (convergence("owner", "owner", failure="exists"),), "project": NO_LEDGER},
        ["SQL003:owner+owner:a.sql"],
    ),
    (
        "SQL003",
        "another catalog the second time",
        {"repeats": (convergence("owner", "owner", result=VARCHAR),), "project": RERUN},
        ["SQL003:owner+owner:column:public.positions.device_id"],
    ),
    (
        "SQL003",
        "one more object the second time",
        {"repeats": (convergence("owner", "owner", result=snapshot(*SCHEMA, TWIN)),), "project": RERUN},
        ["SQL003:owner+owner:index:public.positions_ts_idx"],
    ),
    (
        "SQL005",
        "the legacy type stays",
        {"orders": (convergence("legacy", "owner", result=VARCHAR),)},
        ["SQL005:legacy+owner:column:public.positions.device_id"],
    ),
    (
        "SQL005",
        "the owner twice, and no ledger",
        {"orders": (convergence("owner", "owner", failure="exists"),), "project": NO_LEDGER},
        ["SQL005:owner+owner:a.sql"],
    ),
    (
        "SQL005",
        "the owner fails after the legacy SQL",
        {"orders": (convergence("legacy", "owner", failure="x"),)},
        ["SQL005:legacy+owner:a.sql"],
    ),
    (
        "SQL006",
        "one finding for each file that takes back what it creates",
        {"undone": taken_back(undone(), undone(kind="index", name="public.i"), undone(kind="rows", name="t"))},
        ["SQL006:legacy:migrations/0002_b.sql:undone"],
    ),
    (
        "SQL006",
        "nothing is left of the whole source",
        {"undone": taken_back(undone(made=Location("migrations/0001_a.sql", 1)), left=())},
        ["SQL006:legacy:leaves-nothing"],
    ),
    ("COV001", "an extension is missing", {"coverage": drift(without("extension"))}, ["COV001:extension:timescaledb"]),
    (
        "COV001",
        "another version",
        {"coverage": drift(with_changed("extension", version="2.0"))},
        ["COV001:extension:timescaledb:version"],
    ),
    (
        "COV002",
        "a column is missing",
        {"coverage": drift(without("column", "device_id"))},
        ["COV002:column:public.positions.device_id"],
    ),
    (
        "COV002",
        "a table is missing: its columns are reported with it",
        {"coverage": drift(snapshot())},
        ["COV002:table:public.positions"],
    ),
    ("COV002", "another type", {"coverage": drift(VARCHAR)}, ["COV002:column:public.positions.device_id:type"]),
    ("COV003", "an index is missing", {"coverage": drift(without("index"))}, ["COV003:index:public.positions_device_ts"]),
    (
        "COV003",
        "an index is missing with its table",
        {"coverage": drift(snapshot())},
        ["COV003:index:public.positions_device_ts"],
    ),
    (
        "COV003",
        "another definition",
        {"coverage": drift(with_changed("index", definition="other"))},
        ["COV003:index:public.positions_device_ts:definition"],
    ),
    (
        "COV003",
        "an invalid index",
        {"coverage": drift(with_changed("index", valid=False))},
        ["COV003:index:public.positions_device_ts:valid"],
    ),
    (
        "COV004",
        "a constraint is missing",
        {"coverage": drift(without("constraint"))},
        ["COV004:constraint:public.positions.positions_pkey"],
    ),
    ("COV005", "another interval", {"coverage": drift(WIDE)}, ["COV005:dimension:public.positions.ts:chunk_interval"]),
    (
        "COV005",
        "no hypertable",
        {"coverage": drift(snapshot(*(o for o in SCHEMA if o.kind not in {"hypertable", "dimension"})))},
        ["COV005:hypertable:public.positions"],
    ),
    (
        "COV005",
        "another interval than pinned",
        {"owner": WIDE, "project": project(hypertables=(PIN,))},
        ["COV005:pin:public.positions.ts:chunk_interval"],
    ),
    (
        "COV005",
        "pinned and not there",
        {"owner": snapshot(), "project": project(hypertables=(PIN,))},
        ["COV005:pin:public.positions.ts"],
    ),
    (
        "COV006",
        "no segment, another query at run time, no retention",
        {"coverage": drift(OTHER_SETTINGS, expected=SETTINGS)},
        [
            "COV006:compression settings:public.positions:segment_by",
            "COV006:continuous aggregate:public.hourly:materialized_only",
            "COV006:job:retention policy on public.positions",
        ],
    ),
    (
        "COV006",
        "settings are missing with their hypertable",
        {"coverage": drift(snapshot(), expected=snapshot(*SCHEMA, compression()))},
        ["COV006:compression settings:public.positions"],
    ),
    (
        "COV007",
        "a function and a trigger are missing",
        {"coverage": drift(snapshot(table()), expected=snapshot(table(), routine(), trigger()))},
        ["COV007:function:public.touch()", "COV007:trigger:public.positions.touch"],
    ),
    (
        "COV008",
        "another owner",
        {"coverage": drift(with_changed("table", owner="x"))},
        ["COV008:table:public.positions:owner"],
    ),
    (
        "COV009",
        "another comment",
        {"coverage": drift(with_changed("table", comment="x"))},
        ["COV009:table:public.positions:comment"],
    ),
    (
        "COV010",
        "a cast",
        {"coverage": replace(drift(snapshot(*SCHEMA)), unmodelled_expected=(Unmodelled(kind="cast", identity="a as b"),))},
        ["COV010:legacy:cast:a as b"],
    ),
    ("COV011", "pg_dump sees a column differ", {"cross_check": CROSS_CHECK}, ["COV011:COLUMN:public.t a"]),
    ("COV012", "the probe fails", {"probes": (probe(error="no unique constraint"),)}, ["COV012:probe:upsert"]),
    (
        "COV012",
        "another index arbitrates",
        {"probes": (probe(arbiters=("public.other",)),)},
        ["COV012:probe:upsert:arbiter"],
    ),
    (
        "COV012",
        "one more index arbitrates",
        {"probes": (probe(arbiters=("public.other", "public.positions_device_ts")),)},
        ["COV012:probe:upsert:arbiter"],
    ),
    ("COV012", "nothing arbitrates", {"probes": (probe(arbiters=()),)}, ["COV012:probe:upsert:arbiter"]),
    (
        "COV013",
        "twins on a hypertable",
        {"owner": snapshot(*MORE)},
        ["COV013:index:public.positions_ts+public.positions_ts_idx"],
    ),
    (
        "COV014",
        "rows that are missing, and a sequence that gives their numbers again",
        {"rows": RowsComparison(tables=(seeded(), seeded(table="public.same", differs=False)), sequences=(position(),))},
        ["COV014:sequence:public.n", "COV014:table:public.price"],
    ),
    ("LIV001", "another database", {"environment": environment(database="other")}, ["LIV001:prod:database"]),
    ("LIV001", "another server", {"environment": environment(system_identifier="1")}, ["LIV001:prod:system identifier"]),
    (
        "LIV002",
        "another major version",
        {"live": replace(snapshot(*SCHEMA), server=replace(SERVER, postgres_version="15.1"))},
        ["LIV002:prod:PostgreSQL"],
    ),
    (
        "LIV002",
        "another edition",
        {
            "live": replace(snapshot(), server=replace(SERVER, timescaledb_license="timescale")),
            "owner": replace(snapshot(), server=replace(SERVER, timescaledb_license="apache")),
        },
        ["LIV002:prod:TimescaleDB edition"],
    ),
    ("LIV003", "another type", {"live_drift": drift(VARCHAR)}, ["LIV003:column:public.positions.device_id:type"]),
    ("LIV004", "an index is gone", {"live_drift": drift(without("index"))}, ["LIV004:index:public.positions_device_ts"]),
    (
        "LIV005",
        "not validated",
        {"live_drift": drift(with_changed("constraint", validated=False))},
        ["LIV005:constraint:public.positions.positions_pkey:validated"],
    ),
    ("LIV006", "another interval", {"live_drift": drift(WIDE)}, ["LIV006:dimension:public.positions.ts:chunk_interval"]),
    (
        "LIV006",
        "another interval than pinned",
        {"live": WIDE, "project": project(hypertables=(PIN,))},
        ["LIV006:pin:public.positions.ts:chunk_interval"],
    ),
    (
        "LIV007",
        "an index is missing on a chunk",
        {"live": snapshot(*SCHEMA, chunks=(chunks(missing_indexes=(("public.positions_device_ts", 1),)),))},
        ["LIV007:prod:public.positions:public.positions_device_ts"],
    ),
    (
        "LIV007",
        "chunks of another width, beside compressed ones",
        {"live": snapshot(*SCHEMA, chunks=(chunks(compressed=1, plain_widths=(("1 day", 1), ("7 days", 2))),))},
        ["LIV007:prod:public.positions:width"],
    ),
    (
        "LIV007",
        "a grant on one chunk",
        {"live": snapshot(*SCHEMA, chunks=(chunks(otherwise=(("SELECT for reader", 1, "s.c_1"),)),))},
        ["LIV007:prod:public.positions:SELECT for reader"],
    ),
    (
        "LIV004",
        "a unique index is missing on a chunk",
        {
            "live": snapshot(
                *SCHEMA, chunks=(chunks(missing_indexes=(("public.p_key", 1),), missing_unique=("public.p_key",)),)
            )
        },
        ["LIV004:index:public.p_key:chunks"],
    ),
    (
        "LIV008",
        "a policy was switched off",
        {"live_drift": drift(snapshot(*SCHEMA, job(scheduled=False)), expected=snapshot(*SCHEMA, job()))},
        ["LIV008:job:retention policy on public.positions:scheduled"],
    ),
    (
        "LIV009",
        "one failed, one is off, one never ran, one is overdue",
        {
            "live": snapshot(
                *SCHEMA,
                jobs=(
                    job_status(failures=2, last_run_failed=True),
                    job_status(job_id=1001, scheduled=False),
                    job_status(job_id=1002, runs=0, last_run=None, next_run=None, is_overdue=True),
                    job_status(job_id=1003, table=None, procedure="fleet.tidy", is_overdue=True),
                ),
            )
        },
        [
            "LIV009:prod:fleet.tidy:1003:overdue",
            "LIV009:prod:retention policy on public.positions:1000:failed",
            "LIV009:prod:retention policy on public.positions:1001:off",
            "LIV009:prod:retention policy on public.positions:1002:never",
        ],
    ),
    ("LIV010", "a file was never applied", {"owner_ledger": ledger(names=(), checksums=())}, ["LIV010:prod:001_a.sql"]),
    (
        "LIV010",
        "other contents were applied",
        {"owner_ledger": ledger(checksums=("c" * 64,))},
        ["LIV010:prod:001_a.sql:checksum"],
    ),
    (
        "LIV010",
        "there is no ledger",
        {"owner_ledger": ledger(state=LedgerState.ABSENT, names=(), checksums=())},
        ["LIV010:prod:ledger"],
    ),
    (
        "LIV010",
        "somebody else's ledger",
        {"owner_ledger": ledger(state=LedgerState.OTHER_SHAPE, names=(), checksums=(), reason="no column filename")},
        ["LIV010:prod:ledger"],
    ),
    (
        "LIV010",
        "what the owner's command records on an empty server is not recorded here",
        {"owner_source": COMMANDED, "owner_ledger": ledger(names=("001_a",), checksums=("a" * 64,))},
        ["LIV010:prod:002_b"],
    ),
    (
        "LIV010",
        "the owner's command recorded another checksum",
        {"owner_source": COMMANDED, "owner_ledger": ledger(names=("001_a", "002_b"), checksums=("a" * 64, "c" * 64))},
        ["LIV010:prod:002_b:checksum"],
    ),
    (
        "LIV011",
        "the ledger of a legacy command is here",
        {
            "legacy_source": source("legacy", format=COMMAND, files=(), entries=("0001_a.sql",)),
            "legacy_ledger": ledger("legacy"),
        },
        ["LIV011:prod:processor.migrations_applied"],
    ),
    (
        "LIV011",
        "the legacy ledger is here",
        {"legacy_ledger": ledger("legacy")},
        ["LIV011:prod:processor.migrations_applied"],
    ),
    (
        "LIV011",
        "both runners share it",
        {
            "legacy_ledger": ledger("legacy", names=("0001_a.sql", "001_a.sql"), checksums=(None, None)),
            "project": project(owner=replace(project().owner, ledger=SHARED)),
        },
        ["LIV011:prod:processor.migrations_applied"],
    ),
    (
        "LIV012",
        "an index made by hand",
        {"live_drift": drift(snapshot(*SCHEMA, TWIN))},
        ["LIV012:prod:index:public.positions_ts_idx"],
    ),
    (
        "LIV012",
        "a cast",
        {"live_drift": replace(drift(snapshot(*SCHEMA)), unmodelled_actual=(Unmodelled(kind="cast", identity="a as b"),))},
        ["LIV012:prod:cast:a as b"],
    ),
    (
        "LIV014",
        "a function is missing",
        {"live_drift": drift(snapshot(*SCHEMA), expected=snapshot(*SCHEMA, routine()))},
        ["LIV014:function:public.touch()"],
    ),
    (
        "LIV013",
        "duplicate keys",
        {"obstacles": (obstacle(keys=8, rows=16),)},
        ["LIV013:prod:index:public.positions_device_ts"],
    ),
    ("PRV001", "a superuser", {"writer_access": access(roles=(SUPER,))}, ["PRV001:prod:superuser:processor"]),
    (
        "PRV001",
        "ownership through two roles",
        {"writer_access": member("ops", "dba", owned=(Owned(kind="table", object="public.positions", owner="dba"),))},
        ["PRV001:prod:owns:table:public.positions"],
    ),
    (
        "PRV001",
        "CREATE to everybody",
        {"writer_access": access(granted=(CREATE,))},
        ["PRV001:prod:create:schema:public:PUBLIC"],
    ),
    (
        "PRV001",
        "a predefined role",
        {"writer_access": member("pg_write_server_files")},
        ["PRV001:prod:member:pg_write_server_files"],
    ),
    (
        "PRV002",
        "no INSERT",
        {"probe_rights": (rights(lacks=("no INSERT on public.positions",)),)},
        ["PRV002:prod:probe:upsert"],
    ),
    ("PRV003", "one role for both", {"writer_access": access(role="directus")}, ["PRV003:prod:same"]),
    ("PRV003", "a member of the owner's role", {"writer_access": member("ops", "directus")}, ["PRV003:prod:member"]),
    (
        "BOOT005",
        "the owner's SQL grants too little",
        {"rehearsal": rehearsal(writer=OWN_RIGHTS, with_owner=(REFUSED,))},
        ["BOOT005:probe:upsert"],
    ),
    (
        "BOOT005",
        "a probe fails on the owner's schema",
        {"rehearsal": rehearsal(with_owner=(attempt(**NOT_THERE),))},
        ["BOOT005:probe:upsert"],
    ),
    (
        "BOOT005",
        "an upsert that does something twice",
        {"rehearsal": rehearsal(with_owner=(attempt(again="changes 1 row"),))},
        ["BOOT005:probe:upsert:again"],
    ),
    (
        "BOOT005",
        "a probe that needs no owner",
        {"rehearsal": rehearsal(without_owner=(attempt(again=None),))},
        ["BOOT005:without:upsert"],
    ),
    (
        "BOOT005",
        "grants that allow DDL",
        {"rehearsal": rehearsal(access=access(granted=(CREATE,)))},
        ["BOOT005:ddl:create:schema:public:PUBLIC"],
    ),
    ("RET008", "no fixture", {"fixture_facts": (fixture(exists=False),)}, [f"RET008:{FIXTURE}:missing"]),
    ("RET008", "no head", {"fixture_facts": (fixture(head=""),)}, [f"RET008:{FIXTURE}:head"]),
    ("RET008", "no test loads it", {"fixture_facts": (fixture(loads=()),)}, [f"RET008:{FIXTURE}:loaded"]),
    (
        "RET008",
        "one column behind",
        {"fixture_shadows": built(without("column", "device_id"))},
        [f"RET008:{FIXTURE}:column:public.positions.device_id"],
    ),
    (
        "RET008",
        "another type",
        {"fixture_shadows": built(VARCHAR)},
        [f"RET008:{FIXTURE}:column:public.positions.device_id:type"],
    ),
    (
        "RET008",
        "an index of its own",
        {"fixture_shadows": built(snapshot(*SCHEMA, TWIN))},
        [f"RET008:{FIXTURE}:index:public.positions_ts_idx"],
    ),
    (
        "RET008",
        "it does not apply",
        {"fixture_shadows": built(drift=None, failure=applied_("x", failure="boom").failure)},
        [f"RET008:{FIXTURE}:applies:a.sql"],
    ),
    ("LIV014", "an extension is missing", {"live_drift": drift(without("extension"))}, ["LIV014:extension:timescaledb"]),
    (
        "DOC001",
        "the sentence is missing, the section is missing, the document is missing",
        {
            "document_rules": (
                document_rule("DOC001", "says", SENTENCE, "# Processor\n\nText."),
                document_rule(
                    "DOC001", "says", "Yes.", document(PAGE, "docs/b.md"), section="Nowhere", missing=("docs/c.md",)
                ),
            )
        },
        [
            "DOC001:docs/b.md:yes",
            "DOC001:docs/c.md",
            "DOC001:docs/processor.md:processor-never-runs-ddl-schema-is-exclusively",
        ],
    ),
    (
        "DOC002",
        "a claim is there twice",
        {"document_rules": (document_rule("DOC002", "says_not", "the runner", "# The runner\n\nAsk the runner."),)},
        ["DOC002:docs/processor.md:the-runner", "DOC002:docs/processor.md:the-runner:2"],
    ),
    (
        "DOC003",
        "no entry of this kind, and no log",
        {"document_rules": (document_rule("DOC003", "entry", "plan", LOG, about=("runner",), missing=("log.md",)),)},
        ["DOC003:docs/processor.md:plan", "DOC003:log.md"],
    ),
    (
        "DOC004",
        "no note",
        {"document_rules": (document_rule("DOC004", "says", "Retired in task 3.5", "Landed."),)},
        ["DOC004:docs/processor.md:retired-in-task-3-5"],
    ),
    (
        "DOC005",
        "only as a task",
        {"document_rules": (document_rule("DOC005", "says", "Run the bootstrap", "- [ ] Run the bootstrap"),)},
        ["DOC005:docs/processor.md:run-the-bootstrap"],
    ),
    (
        "DOC006",
        "a handbook without it, and a script with it, twice",
        {
            "document_rules": (document_rule("DOC006", "says", "DROP TABLE p.migrations_applied", "# Operations"),),
            "drop_rules": (drop_rule(("migrations_applied", "x.sh", 3), ("migrations_applied", "x.sh", 9)),),
        },
        [
            "DOC006:docs/processor.md:drop-table-p-migrations_applied",
            "DOC006:x.sh:migrations_applied",
            "DOC006:x.sh:migrations_applied:2",
        ],
    ),
    (
        "CMD001",
        "one failed",
        {"commands": (command(), command(CommandState.FAILED, command="pnpm lint", summary="ended with exit code 1"))},
        ["CMD001:processor:pnpm lint"],
    ),
    ("WVR001", "a day that is over", {"waivers": (waived("expired"),)}, ["WVR001:LIV004:index:public.i"]),
    ("WVR002", "nothing was found", {"waivers": (waived("unused"),)}, ["WVR002:LIV004:index:public.i"]),
    ("WVR002", "a whole check", {"waivers": (waived("impossible", finding="LIV004"),)}, ["WVR002:LIV004"]),
    ("WVR003", "no reason", {"waivers": (waived("reasonless"),)}, ["WVR003:LIV004:index:public.i"]),
]

ONE_SERVICE = replace(fix_boot.SETTINGS, database_service="directus")
WRITES_ITSELF = replace(fix_boot.SETTINGS, writer_service="directus")
ALONE = fix_boot.stack(fix_boot.service("directus"))

QUIET = [
    *fix_boot.QUIET,
    (
        "BOOT003",
        "the owner is the database",
        {"stack": ALONE, "project": project(boot=ONE_SERVICE)},
        "directus is both the owner and the database: it waits for no other service",
    ),
    (
        "BOOT005",
        "the owner's SQL gives the rights",
        {"rehearsal": rehearsal(writer=OWN_RIGHTS)},
        "rehearsed as processor with the rights that the owner's SQL gives it: SELECT ON public.positions TO processor",
    ),
    (
        "BOOT005",
        "nobody gives rights",
        {},
        (
            "rehearsed as processor with GRANT INSERT ON public.positions "
            "TO processor, because the owner's SQL grants it nothing"
        ),
    ),
    (
        "BOOT002",
        "the owner is the writer",
        {"stack": ALONE, "project": project(boot=WRITES_ITSELF)},
        "directus is both the owner and the writer",
    ),
    (
        "BOOT004",
        "the owner is the writer",
        {"dev_stack": ALONE, "project": project(boot=WRITES_ITSELF)},
        "directus is both the owner and the writer",
    ),
    *fix_code.QUIET,
    (
        "RET009",
        "the same by digest",
        {"project": project(retirement=(replace(fix_code.RET009, unchanged_since=None, sha256="0" * 64),))},
        "processor/src/db/pool.ts has the SHA-256 of its rule",
    ),
    (
        "RET009",
        "there, and not compared",
        {"project": project(retirement=(replace(fix_code.RET009, unchanged_since=None),))},
        "exists; contents were not compared: the rule has no unchanged_since",
    ),
    *fix_directus.QUIET,
    *fix_rehearsal.QUIET,
    ("WVR001", "one that holds", {"waivers": (waived("applied"),)}, None),
    ("WVR002", "a check of another phase", {"waivers": (waived("not due"),)}, None),
    (
        "COV002",
        "only the order of columns differs",
        {"coverage": drift(with_changed("table", column_order=("ts", "device_id")))},
        "order of columns differs",
    ),
    (
        "COV011",
        "what only we see is reported",
        {"cross_check": CrossCheck(beyond=(("dimension", "public.positions.ts"),))},
        "pg_dump does not show: dimension public.positions.ts",
    ),
    (
        "COV014",
        "what is there, what is more, what was counted, what does not count",
        {
            "rows": RowsComparison(
                tables=(
                    seeded(actual=3, missing=0, extra=1, differs=False, left_out=(("at", "it is a time"),)),
                    seeded(table="public.many", differs=False, counted_because="there are too many"),
                )
            )
        },
        "; ".join(
            (
                "the owner has the rows of public.price, public.many",
                "the owner has more rows in public.price",
                "only the number of rows was compared: public.many (there are too many)",
                "columns left out: public.price.at (it is a time)",
            )
        ),
    ),
    (
        "COV014",
        "a sequence that is ahead",
        {"rows": RowsComparison(sequences=(position(actual=9, is_behind=False),))},
        "9 on the actual one",
    ),
    ("COV014", "no rows at all", {"rows": RowsComparison()}, "neither source writes rows"),
    ("COV013", "twins on an ordinary table", {"owner": snapshot(table(), *(o for o in MORE if o.kind == "index"))}, None),
    (
        "SQL001",
        "one file that both take is reported",
        {"sources": (source("legacy", files=(*source("owner").files, *source("legacy").files)), source("owner"))},
        "both sources contain db-init/001_a.sql",
    ),
    (
        "SQL004",
        "each kind is counted",
        {"statements": (statement(), statement(similarity=Similarity.NORMALISED), statement(similarity=Similarity.EFFECT))},
        "1 byte-identical, 1 identical except for whitespace and comments, 1 same effect",
    ),
    (
        "SQL003",
        "a ledger runs each file once",
        {"repeats": (convergence("owner", "owner", failure="exists"), convergence("legacy", "legacy", result=VARCHAR))},
        "owner: for information, as its ledger runs each file once: applying owner twice failed: a.sql:3: exists; legacy",
    ),
    (
        "SQL003",
        "nothing was compared where a second time was not promised",
        {"repeats": (replace(convergence("owner", "owner"), drift=NOTHING),)},
        "owner: for information, as its ledger runs each file once: nothing was compared",
    ),
    (
        "SQL003",
        "audit.toml says that each file runs once",
        {"repeats": (convergence("owner", "owner", failure="exists"),), "project": ONCE},
        "audit.toml sets rerun = false",
    ),
    (
        "SQL005",
        "the owner twice, and a ledger",
        {"orders": (convergence("owner", "owner", result=VARCHAR),)},
        "owner: for information, as its ledger runs each file once: column public.positions.device_id is changed",
    ),
    (
        "SQL007",
        "a section that the format leaves out",
        {"sources": (source(format="dbmate", not_applied=(NotApplied(path="1.sql", line=4, reason="down section"),)),)},
        "1 left out by the rules of the format “dbmate”",
    ),
    (
        "SQL001",
        "sections that are not applied",
        {"sources": (source(format="dbmate", not_applied=(NotApplied(path="1.sql", line=4, reason="down section"),)),)},
        "not applied: 1 × down section",
    ),
    (
        "SQL006",
        "what a later file removes is for information",
        {"undone": taken_back(undone(made=Location("migrations/0001_a.sql", 1)))},
        "table public.t is created at migrations/0001_a.sql:1 and dropped at migrations/0002_b.sql:9",
    ),
    (
        "SQL006",
        "a table that is created again",
        {"undone": taken_back(undone(again=Location("migrations/0002_b.sql", 10)))},
        "and created again at migrations/0002_b.sql:10",
    ),
    (
        "SQL006",
        "a helper",
        {"undone": taken_back(undone(is_helper=True))},
        "table public.t is created at migrations/0002_b.sql:1 and dropped at migrations/0002_b.sql:9",
    ),
    (
        "SQL006",
        "a function that is created again",
        {"undone": taken_back(undone(kind="function", name="public.f()", again=Location("migrations/0002_b.sql", 10)))},
        "and created again at migrations/0002_b.sql:10",
    ),
    (
        "SQL001",
        "a command",
        {"sources": (source("legacy", format=COMMAND, notes=("command `make` in .",)), source("owner"))},
        "legacy: a command, and 1 file that audit.toml names for it; legacy: command `make` in .; owner: 1 file in a fixed",
    ),
    (
        "SQL001",
        "a database",
        {"sources": (source("legacy", format=DATABASE, files=()), source("owner"))},
        "legacy: a database, and no files that are applied; owner: 1 file in a fixed order",
    ),
    (
        "SQL002",
        "nothing is applied of a catalog",
        {"legacy_applied": applied_()},
        "legacy: a catalog that was read; there is no SQL to apply",
    ),
    (
        "SQL002",
        "what a command left behind",
        {"owner_applied": replace(applied_("owner"), notes=("command `make` left processes running",))},
        "owner: command `make` left processes running",
    ),
    (
        "SQL006",
        "the statements of a command",
        {"undone": (SourceUndone(role="legacy", unknown=Unavailable(reason="x is a command", required=False)),)},
        "legacy: x is a command",
    ),
    (
        "SQL007",
        "the files of a command",
        {"sources": (source("legacy", format=COMMAND), source("owner"))},
        "legacy: the command itself decides which files it applies; owner: 1 applied",
    ),
    (
        "LIV010",
        "all that the owner's command records",
        {"owner_source": COMMANDED, "owner_ledger": ledger(names=("001_a", "002_b"), checksums=("a" * 64, "b" * 64))},
        "2 rows",
    ),
    ("SQL001", "a gap is reported", {"sources": (source(gaps=(2, 3)),)}, "no file is numbered 2, 3"),
    (
        "SQL005",
        "what only the legacy SQL makes is the COV checks' business",
        {"orders": (convergence("legacy", "owner", result=snapshot(*SCHEMA, TWIN)),)},
        None,
    ),
    (
        "LIV007",
        "compression merged chunks",
        {"live": snapshot(*SCHEMA, chunks=(chunks(compressed=2, widths=(("1 day", 1), ("7 days", 2))),))},
        "2 compressed",
    ),
    ("COV007", "what COV006 reports is not reported twice", {"coverage": drift(OTHER_SETTINGS, expected=SETTINGS)}, None),
    ("LIV014", "what LIV008 reports is not reported twice", {"live_drift": drift(OTHER_SETTINGS, expected=SETTINGS)}, None),
    ("LIV009", "jobs that run", {"live": snapshot(*SCHEMA, jobs=(job_status(),))}, "1 job, 3 runs"),
    (
        "LIV011",
        "a table of that name that is the owner's",
        {"legacy_ledger": ledger("legacy", columns=("filename", "checksum"))},
        "it has the owner's column checksum",
    ),
    (
        "LIV011",
        "a table of that name that is not the ledger",
        {"legacy_ledger": ledger("legacy", state=LedgerState.OTHER_SHAPE, reason="no column filename")},
        "not the legacy",
    ),
    (
        "LIV012",
        "only the legacy side makes it",
        {"live_drift": drift(snapshot(*SCHEMA, TWIN)), "legacy": snapshot(*SCHEMA, TWIN)},
        None,
    ),
    (
        "LIV012",
        "the live objects are counted",
        {"live_drift": drift(snapshot(*SCHEMA[1:], TWIN)), "legacy": snapshot(*SCHEMA, TWIN)},
        f"looked up {len(SCHEMA)} objects of prod in what the SQL sources create",
    ),
    (
        "LIV012",
        "out of scope is counted",
        {"excluded": (Excluded(pattern="public.directus_*", reason="Directus", objects=12),)},
        "out of scope by 1 rule: 12 objects",
    ),
    ("LIV013", "rows that are no obstacle", {"obstacles": (obstacle(),)}, "nothing prevents index"),
    (
        "PRV001",
        "a membership that gives nothing",
        {
            "writer_access": replace(
                member("dba"), memberships=(INERT,), owned=(Owned(kind="schema", object="x", owner="dba"),)
            )
        },
        "without INHERIT, SET or ADMIN",
    ),
    (
        "PRV001",
        "temporary tables",
        {"writer_access": access(granted=(TEMPORARY,))},
        "may make temporary tables, as every role",
    ),
    (
        "PRV001",
        "a schema out of scope",
        {"writer_access": access(elsewhere=("owns schema x, out of scope",))},
        "owns schema x",
    ),
    ("PRV002", "policies decide", {"probe_rights": (rights(notes=("row-level security",)),)}, "row-level security"),
    ("LIV010", "a checksum of another kind is not compared", {"owner_ledger": ledger(checksums=("abc",))}, None),
    (
        "DOC001",
        "a document that may be missing",
        {"document_rules": (document_rule("DOC001", "says", "Yes.", missing=("docs/c.md",), if_there=True),)},
        "docs/c.md does not exist",
    ),
    (
        "DOC006",
        "the clean-up in a block of code",
        {"document_rules": (document_rule("DOC006", "says", "DROP TABLE p.l", "```sql\nDROP TABLE p.l;\n```"),)},
        "3 files searched",
    ),
]

UNREAD = NotKnown(kind="user mapping", key="FOR app SERVER s", attribute="options", sides=("actual",))

UNDECIDED = [
    (
        "SQL003",
        "a source that makes nothing",
        {"repeats": (replace(convergence("owner", "owner"), drift=NOTHING),), "project": RERUN},
        Outcome.ERRORED,
        True,
        "nothing was compared",
    ),
    (
        "SQL005",
        "an owner that makes nothing",
        {"orders": (convergence("owner", "legacy"), replace(convergence("legacy", "owner"), drift=NOTHING))},
        Outcome.ERRORED,
        True,
        "nothing was compared",
    ),
    (
        "BOOT005",
        "another role's default privileges",
        {"rehearsal": rehearsal(writer=replace(OWN_RIGHTS, makers=("directus",)), with_owner=(REFUSED,))},
        Outcome.SKIPPED,
        True,
        "default privileges on what directus creates",
    ),
    *(
        (
            check,
            "what the role may not read",
            {name: Drift(not_known=(UNREAD,))},
            Outcome.SKIPPED,
            True,
            "options cannot be read",
        )
        for check, name in (("LIV014", "live_drift"), ("COV007", "coverage"))
    ),
    *fix_boot.UNDECIDED,
    *fix_code.UNDECIDED,
    *fix_directus.UNDECIDED,
    *fix_rehearsal.UNDECIDED,
    (
        "COV011",
        "there is no pg_dump",
        {"cross_check": Unavailable(reason="no pg_dump of PostgreSQL 17")},
        Outcome.SKIPPED,
        True,
        "no pg_dump of PostgreSQL 17",
    ),
    (
        "SQL006",
        "the catalog could not be read while the source was applied",
        {"undone": taken_back(unknown=Unavailable(reason="out of memory", outcome=Outcome.ERRORED))},
        Outcome.ERRORED,
        True,
        "out of memory",
    ),
    (
        "COV014",
        "a table that cannot be read",
        {"rows": RowsComparison(unread=("public.t on the actual side: permission denied",))},
        Outcome.ERRORED,
        True,
        "public.t on the actual side: permission denied",
    ),
    ("COV012", "no probe", {"probes": ()}, Outcome.SKIPPED, False, "names no [[probe]]"),
    (
        "LIV001",
        "a pin that the role may not check",
        {
            "environment": environment(system_identifier="1"),
            "live": replace(snapshot(), server=replace(SERVER, system_identifier=None)),
        },
        Outcome.SKIPPED,
        True,
        "may not read it",
    ),
    *(
        (
            check,
            "the chunks cannot be read",
            {"live": replace(snapshot(), chunks=NotRead("no chunks: lock timeout"))},
            Outcome.SKIPPED,
            True,
            "lock timeout",
        )
        for check in ("LIV004", "LIV007")
    ),
    (
        "LIV009",
        "the statistics cannot be read",
        {"live": replace(snapshot(), jobs=NotRead("no jobs: lock timeout"))},
        Outcome.SKIPPED,
        True,
        "lock timeout",
    ),
    (
        "LIV010",
        "the owner's command keeps another ledger",
        {"owner_source": source(format=COMMAND, entries=())},
        Outcome.SKIPPED,
        True,
        "the owner's command recorded nothing in directus.migrations_applied on an empty server",
    ),
    (
        "LIV010",
        "no ledger is configured",
        {"project": project(owner=replace(project().owner, ledger=None))},
        Outcome.SKIPPED,
        False,
        "[owner.ledger]",
    ),
    (
        "LIV010",
        "the role may not read the ledger",
        {"owner_ledger": ledger(state=LedgerState.UNREADABLE, reason="permission denied")},
        Outcome.SKIPPED,
        True,
        "permission denied",
    ),
    (
        "LIV011",
        "the role may not read the ledger",
        {"legacy_ledger": ledger("legacy", state=LedgerState.UNREADABLE, reason="permission denied")},
        Outcome.SKIPPED,
        True,
        "permission denied",
    ),
    (
        "LIV013",
        "it takes too long",
        {"obstacles": (obstacle(keys=None, rows=None, reason="it could not be counted within 30s"),)},
        Outcome.SKIPPED,
        True,
        "index public.positions_device_ts in prod: it could not be counted within 30s",
    ),
    (
        "PRV001",
        "no such role",
        {"writer_access": NOBODY},
        Outcome.SKIPPED,
        True,
        "the role processor does not exist in prod",
    ),
    (
        "PRV003",
        "no such role",
        {"writer_access": NOBODY},
        Outcome.SKIPPED,
        True,
        "the role processor does not exist in prod",
    ),
    (
        "PRV003",
        "no role for the owner",
        {"project": project(owner=replace(project().owner, role=None))},
        Outcome.SKIPPED,
        False,
        "no role for [owner]",
    ),
    (
        "RET008",
        "it was not built",
        {"fixture_shadows": built(drift=None, reason="it is not UTF-8")},
        Outcome.SKIPPED,
        True,
        f"{FIXTURE} was not compared with the owner's SQL: it is not UTF-8",
    ),
    (
        "RET008",
        "tests that nobody could read",
        {"fixture_facts": (fixture(loads=(), unread=(Unread(path="a.test.ts", reason="not UTF-8"),)),)},
        Outcome.SKIPPED,
        True,
        "a.test.ts:1: not UTF-8",
    ),
    ("PRV002", "no probe", {"probe_rights": ()}, Outcome.SKIPPED, False, "names no [[probe]]"),
    ("PRV002", "a CALL", {"probe_rights": (rights(undecided=("it is a call",)),)}, Outcome.SKIPPED, True, "it is a call"),
    (
        "LIV003",
        "the database is down",
        {"live_drift": Unavailable(reason="refused", outcome=Outcome.ERRORED)},
        Outcome.ERRORED,
        True,
        "refused",
    ),
    (
        "DOC002",
        "no rule",
        {"document_rules": ()},
        Outcome.SKIPPED,
        False,
        'audit.toml has no [[rule]] with check = "DOC002"',
    ),
    (
        "DOC002",
        "a document that is not there",
        {"document_rules": (document_rule("DOC002", "says_not", "x", missing=("deploy/README.md",)),)},
        Outcome.SKIPPED,
        True,
        "deploy/README.md matches no file",
    ),
    (
        "DOC001",
        "a document that is not text",
        {"document_rules": (document_rule("DOC001", "says", "x", unreadable=("a.md:2: is not UTF-8 here",)),)},
        Outcome.SKIPPED,
        True,
        "a.md:2: is not UTF-8",
    ),
    (
        "DOC006",
        "a file that cannot be read",
        {"drop_rules": (drop_rule(unreadable=("x.sql: cannot be read",)),)},
        Outcome.SKIPPED,
        True,
        "cannot be read",
    ),
    (
        "CMD001",
        "none was run",
        {"commands": (command(CommandState.UNKNOWN, summary="was not run"), command(CommandState.UNKNOWN, command="b"))},
        Outcome.SKIPPED,
        True,
        "pnpm test (in processor): was not run; b (in processor)",
    ),
    ("CMD001", "no rule", {"commands": ()}, Outcome.SKIPPED, False, "CMD001"),
]


def run(check_id, given, phase=None):
    """The result in this phase, else in the first one in which the check is due; RET001 without files of [legacy]."""
    given = {"sources": (source(),), **given} if check_id == "RET001" else given
    (result,) = judge([BY_ID[check_id]], inputs(**given), phase or BY_ID[check_id].phases[0])
    return result


@pytest.mark.parametrize("check", ALL, ids=lambda c: c.id)
def test_a_check_is_quiet_where_nothing_is_wrong(check):
    result = run(check.id, {})
    assert (result.outcome, result.findings) == (Outcome.PASSED, ())
    assert result.reason, "yield a Note that says what was looked at, also where nothing is wrong"


@pytest.mark.parametrize(("check_id", "given", "keys"), [pytest.param(c, g, k, id=f"{c} {n}") for c, n, g, k in LOUD])
def test_a_check_finds(check_id, given, keys):
    result = run(check_id, given)
    assert result.outcome is Outcome.FAILED
    assert [f.key for f in result.findings] == keys
    assert all(f.summary and "None" not in f.summary for f in result.findings)


@pytest.mark.parametrize(("check_id", "given", "reported"), [pytest.param(c, g, t, id=f"{c} {n}") for c, n, g, t in QUIET])
def test_a_check_is_quiet_about(check_id, given, reported):
    result = run(check_id, given)
    assert (result.outcome, result.findings) == (Outcome.PASSED, ())
    assert result.reason, "yield a Note that says what was looked at, also where nothing is wrong"
    assert (reported or "") in result.reason


@pytest.mark.parametrize(
    ("check_id", "given", "outcome", "required", "reason"),
    [pytest.param(*row[:1], *row[2:], id=f"{row[0]} {row[1]}") for row in UNDECIDED],
)
def test_a_check_that_cannot_be_decided_says_why(check_id, given, outcome, required, reason):
    result = run(check_id, given)
    assert (result.outcome, result.required) == (outcome, required)
    assert reason in result.reason


def test_every_check_has_a_loud_case():
    assert {check.id for check in ALL} == {row[0] for row in LOUD}


def test_the_list_is_the_files():
    folder = Path(migration_audit.checks.__file__).parent
    files = {p.stem.partition("_")[0].upper() for p in folder.glob("*.py") if re.match(r"[a-z]{3,4}\d{3}_", p.name)}
    assert files == {check.id for check in ALL}
    assert len(BY_ID) == len(ALL)


FOR_TYPES = vars(project_package)
"""Names that the modules of checks import for their types alone."""

_DECLARED = {
    name: hint
    for declared in (SavedSharedFacts, EnvironmentFacts, SharedComputed, EnvironmentComputed, WaiverComputed)
    for name, hint in get_type_hints(declared).items()
}


@pytest.mark.parametrize("check", ALL, ids=lambda c: c.id)
def test_a_check_takes_each_input_as_it_is_declared(check):
    """A check runs when its inputs are there: an ``Unavailable`` is an outcome before it is asked."""
    asked = {name: hint for name, hint in get_type_hints(check.run, localns=FOR_TYPES).items() if name != "return"}
    assert {name: hint | Unavailable for name, hint in asked.items()} == {
        name: _DECLARED[name] | Unavailable for name in asked
    }


def test_a_check_is_of_the_project_or_of_an_environment_or_of_the_waivers():
    parts = (shared_checks(), live_checks(), waiver_checks())
    assert sorted(check.id for part in parts for check in part) == sorted(BY_ID)


@pytest.mark.parametrize("check", ALL, ids=lambda c: c.id)
def test_a_checks_docstring_is_its_page(check):
    page = check.run.__doc__
    assert page.splitlines()[0].endswith(".")
    assert all(part in page for part in ("Why: ", "Fix: ", "Source: "))


def test_the_cleanup_of_a_shared_ledger_drops_no_table():
    given = next(g for c, n, g, _ in LOUD if n == "both runners share it")
    (finding,) = run("LIV011", given).findings
    assert finding.fix_sql == "DELETE FROM processor.migrations_applied WHERE \"filename\" IN ('0001_a.sql');"
    assert "never drop the table" in finding.summary


def test_the_cleanup_of_an_orphaned_ledger_is_guarded():
    (finding,) = run("LIV011", {"legacy_ledger": ledger("legacy")}).findings
    assert "RAISE EXCEPTION" in finding.fix_sql
    drop = finding.fix_sql.index("DROP TABLE processor.migrations_applied")
    assert finding.fix_sql.index("IS DISTINCT FROM ARRAY['filename']") < drop
    assert finding.fix_sql.index("IN ('0001_a.sql')) IS NOT TRUE") < drop


def test_the_weight_of_rights_to_run_ddl_depends_on_the_phase():
    given = {"writer_access": access(granted=(CREATE,))}
    assert run("PRV001", given).severity is Severity.WARNING
    assert run("PRV001", given, Phase.RETIRED).severity is Severity.BLOCKER


@pytest.mark.parametrize(
    ("given", "said", "fix"),
    [
        (
            access(granted=(CREATE,)),
            "may create objects in schema public, as every role may",
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC;",
        ),
        (
            access(owned=(Owned(kind="table", object="public.t", owner="processor"),)),
            "owns table public.t",
            "ALTER TABLE public.t OWNER TO directus;\nGRANT SELECT, INSERT, UPDATE ON public.t TO processor;",
        ),
        (
            member("ops", "dba", owned=(Owned(kind="database", object="trm", owner="dba"),)),
            "owns database trm through ops (inherited) and dba (inherited)",
            "REVOKE ops FROM processor;",
        ),
        (
            access(roles=(replace(SUPER, superuser=False, create_role=True),)),
            "may create and change roles",
            "ALTER ROLE processor NOCREATEROLE;",
        ),
        (
            access(roles=(replace(SUPER, superuser=False, create_role=True),), postgres_number=150018),
            "may create and change roles, and so grant itself every role but a superuser",
            "ALTER ROLE processor NOCREATEROLE;",
        ),
    ],
    ids=["everybody", "owner", "member", "CREATEROLE", "CREATEROLE before 16"],
)
def test_each_way_to_run_ddl_is_reported_with_its_end(given, said, fix):
    (finding,) = run("PRV001", {"writer_access": given}).findings
    assert finding.summary == f"prod: the writer's role processor {said}"
    assert finding.fix_sql == fix


def test_a_missing_index_comes_with_the_sql_that_makes_it():
    (finding,) = run("LIV004", {"live_drift": drift(without("index"))}).findings
    assert finding.fix_sql == (
        "CREATE UNIQUE INDEX IF NOT EXISTS positions_device_ts ON public.positions USING btree (device_id, ts);"
    )


TABLE = "measurements_of_the_fleet_in_the_northern_half_of_the_country_x"
CUT = "measurements_of_the_fleet_in_the_northern_half_of_the_co_ts_idx"
DEFAULTS = {
    "the default": ("positions_ts_idx", "(ts DESC)", ("ts",), "positions", True),
    "of a keyword": ("positions_time_idx", '("time" DESC)', ("time",), "positions", True),
    "with a hash dimension": ("positions_d_ts_idx", "(d, ts DESC)", ("ts", "d"), "positions", True),
    "counted, as the name was taken": ("positions_ts_idx1", "(ts DESC)", ("ts",), "positions", True),
    "of odd names": ("Odd T_s_idx", "(s DESC)", ("s",), '"Odd T"', True),
    "cut": (CUT, "(ts DESC)", ("ts",), TABLE[:63], True),
    "under another name": ("positions_ts", "(ts DESC)", ("ts",), "positions", False),
    "of another order": ("positions_ts_idx", "(ts)", ("ts",), "positions", False),
    "of part of the rows": ("positions_ts_idx", "(ts DESC) WHERE faulty", ("ts",), "positions", False),
    "of another column": ("positions_d_idx", "(d DESC)", ("ts",), "positions", False),
}


@pytest.mark.parametrize("case", DEFAULTS.values(), ids=DEFAULTS)
def test_the_index_of_create_hypertable_is_known_by_name_and_definition(case):
    name, columns, dimensions, on, expected = case
    one = index(name, columns, unique=False, table=f"public.{on}")
    assert is_default_index(one, dimensions) is expected
    assert not is_default_index(replace(one, unique=True), dimensions)


def test_the_twin_that_create_hypertable_made_is_named():
    given = next(g for c, n, g, _ in LOUD if c == "COV013")
    (finding,) = run("COV013", given).findings
    assert "(create_hypertable names its index public.positions_ts_idx)" in finding.summary


def test_settings_are_reported_as_people_say_them():
    given = {"coverage": drift(OTHER_SETTINGS, expected=SETTINGS)}
    assert [f.summary.partition(" in the owner")[0] for f in run("COV006", given).findings] == [
        "compression settings public.positions: segment by is device_id in the legacy SQL, not set",
        "continuous aggregate public.hourly: materialized only is yes in the legacy SQL, no",
        "job retention policy on public.positions is in the legacy SQL and missing",
    ]


def test_a_finding_names_the_line_that_defines_the_object():
    origins = {("column", "public.positions.device_id"): Location("directus/db-init/002.sql", 5)}
    (finding,) = run("LIV003", {"live_drift": drift(VARCHAR), "owner_origins": origins}).findings
    assert finding.where == "directus/db-init/002.sql:5"
    assert (finding.expected, finding.actual) == ("text", "character varying(64)")


def test_a_generated_column_is_not_offered_as_a_plain_one():
    stored = column("speed", generated="stored", default="lat * 2")
    given = {"coverage": drift(snapshot(*SCHEMA), expected=snapshot(*SCHEMA, stored))}
    assert [f.fix_sql for f in run("COV002", given).findings] == [None]


def test_what_is_not_due_is_pending():
    assert run("COV002", {}, Phase.RETIRED).outcome is Outcome.PENDING
    assert run("LIV003", {}, Phase.RETIRED).outcome is Outcome.PASSED


def test_a_crash_of_one_check_is_an_error_and_the_others_go_on():
    def crash(live):
        """Crash."""
        raise RuntimeError(f"with {live!r:.4}")

    broken = Check(id="LIV999", title="x", severity=Severity.INFO, phases=tuple(Phase), run=crash)
    first, second = judge([broken, BY_ID["LIV003"]], inputs(), Phase.PREFLIGHT)
    assert first.outcome is Outcome.ERRORED
    assert "RuntimeError" in first.reason
    assert second.outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("hidden", "unchecked"),
    [
        (Unavailable(reason="half of it was hidden"), "half of it was hidden"),
        (Unavailable(reason="half of it was hidden", outcome=Outcome.ERRORED, required=False), "half of it was hidden"),
        (Unavailable(reason="half of it was hidden", required=False), None),
    ],
    ids=["due", "broken", "nobody asks"],
)
def test_findings_do_not_hide_what_could_not_be_seen(hidden, unchecked):
    def both():
        """Say both."""
        yield Finding(key="k", summary="s")
        yield hidden
        yield Note(text="reported")

    check = Check(id="X", title="x", severity=Severity.WARNING, phases=tuple(Phase), run=both)
    (result,) = judge([check], {}, Phase.PREFLIGHT)
    assert (result.outcome, result.unchecked) == (Outcome.FAILED, unchecked)
    assert result.reason == "half of it was hidden; reported"
    assert decide([result]) is (Verdict.INCOMPLETE if unchecked else Verdict.REVIEW)
    assert [u.reason for u in triage([result]).undecided] == ([unchecked] if unchecked else [])


def unavailable(*reasons: str) -> CheckResult:
    def some():
        """Say what could not be seen."""
        yield from (Unavailable(reason=reason) for reason in reasons)

    check = Check(id="X", title="x", severity=Severity.BLOCKER, phases=tuple(Phase), run=some)
    (result,) = judge([check], {}, Phase.PREFLIGHT)
    return result


def test_ten_reasons_are_named_and_the_rest_is_counted():
    reasons = [f"{n} was hidden" for n in range(12)]
    assert unavailable(*reasons, *reasons).reason == "; ".join(reasons[:10]) + "; and 2 more"


def test_an_error_comes_before_what_was_only_skipped():
    def both():
        """Say both."""
        yield Unavailable(reason="nobody asks", required=False)
        yield Unavailable(reason="broken", outcome=Outcome.ERRORED)

    check = Check(id="X", title="x", severity=Severity.BLOCKER, phases=tuple(Phase), run=both)
    (result,) = judge([check], {}, Phase.PREFLIGHT)
    assert (result.outcome, result.required, result.reason) == (Outcome.ERRORED, True, "nobody asks; broken")


def test_files_that_could_not_be_read_for_one_reason_are_one_sentence():
    unread = [
        Unread(path=f"processor/src/{n:03}.rb", reason="is in a language that the audit does not read") for n in range(312)
    ]
    facts = fix_code.code(RET003=fix_code.scope(unread=(*unread, Unread(path="a.ts", reason="is binary", line=3))))
    reason = run("RET003", {"code": facts}, Phase.RETIRED).reason
    assert reason.count(".rb") == 10
    assert (
        "009.rb:1 and 302 more: each is in a language that the audit does not read (by the rule at audit.toml:103" in reason
    )
    assert "a.ts:3 is binary" in reason


@pytest.mark.parametrize(
    "path", sorted(Path(migration_audit.checks.__file__).parent.glob("*.py")), ids=lambda path: path.stem
)
def test_a_sentence_never_lists_without_end(path):
    """What a sentence lists goes through ``some_of``: an f-string in it that joins would grow with what was found."""
    sentences = [
        keyword.value
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg in {"summary", "reason", "text"}
    ]
    joins = [
        ast.unparse(inner)
        for sentence in sentences
        for inner in ast.walk(sentence)
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr == "join"
    ]
    assert joins == []


def test_imports_whose_module_is_computed_are_one_sentence():
    imports = tuple(Import(written="…", candidates=(), at=fix_code.at(n)) for n in range(1, 14))
    reason = run(
        "RET003", {"code": fix_code.code(RET003=fix_code.scope(fix_code.file(imports=imports)))}, Phase.RETIRED
    ).reason
    assert "main.ts:10 and 3 more load modules by computed names" in reason


def test_missing_rights_come_with_the_grant():
    (finding,) = run("BOOT005", {"rehearsal": rehearsal(writer=OWN_RIGHTS, with_owner=(REFUSED,))}).findings
    assert "permission denied for table positions (SQLSTATE 42501) (no INSERT on public.positions)" in finding.summary
    assert finding.fix_sql == "GRANT INSERT ON public.positions TO processor;"


def test_an_unknown_check_is_named():
    with pytest.raises(UsageError, match="the check COV999 does not exist"):
        find_check("COV999")
    assert find_check("cov003") is BY_ID["COV003"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("It is wrong that Processor never runs DDL.", "line 1 has it only within a longer sentence"),
        ("```\nProcessor never runs DDL.\n```", "line 2 has it only in a block of code"),
        ("- [ ] Processor never runs DDL.", "line 1 has it only as a task that is still open"),
        ("Processor never runs SQL.", "only its beginning “processor never runs” was found"),
    ],
)
def test_a_missing_sentence_says_what_is_there_instead(text, hint):
    rules = (document_rule("DOC001", "says", "Processor never runs DDL.", text),)
    (finding,) = run("DOC001", {"document_rules": rules}).findings
    assert hint in finding.summary


def test_a_sentence_in_another_section_is_reported():
    rules = (document_rule("DOC001", "says", "It has probes.", PAGE, section="Schema ownership vs. write access"),)
    (finding,) = run("DOC001", {"document_rules": rules}).findings
    assert "it is in another section (line 9)" in finding.summary
    assert finding.where == "docs/processor.md:3"


def test_a_claim_is_shown_as_it_stands_there():
    rules = (document_rule("DOC002", "says_not", "the runner", "# A\n\nAsk\n**the** runner.\n"),)
    (finding,) = run("DOC002", {"document_rules": rules}).findings
    assert (finding.where, finding.actual) == ("docs/processor.md:4", "**the** runner.")


def test_the_closest_entry_of_the_log_is_reported():
    rules = (document_rule("DOC003", "entry", "note", LOG, about=("runner", "fixture")),)
    (finding,) = run("DOC003", {"document_rules": rules}).findings
    assert "the note entry on line 3 lacks “fixture”" in finding.summary
    assert finding.where == "docs/processor.md:3"


def test_documents_are_a_work_list_before_they_are_due():
    rules = (document_rule("DOC002", "says_not", "the runner", "Ask the runner."),)
    result = run("DOC002", {"document_rules": rules}, Phase.PREFLIGHT)
    assert (result.outcome, [f.where for f in result.findings]) == (Outcome.PENDING, ["docs/processor.md:1"])


@pytest.mark.parametrize("line", ["error: no such table", "x", "Error: no such table"])
def test_of_a_failure_with_many_lines_the_summary_has_one_that_names_an_error(line: str) -> None:
    at = Location("command `migrate`", 0)
    lines = (
        "ended with exit code 1; the end of its output:",
        *(["    Using the environment dev"] * (line != "x")),
        line,
        "    main.py",
    )
    failure = SqlFailure(at=at, statement="migrate", message="\n".join(lines), sqlstate=None)
    found = failure_finding("SQL002:legacy", failure, doing="applying it failed")
    assert found.summary.endswith(f"ended with exit code 1; the end of its output: {line}")
    assert found.actual == failure.message


@pytest.mark.parametrize(("name", "verb"), [("privileges", "are"), ("owner", "is"), ("inherits", "is")])
def test_attributes_are_singular_or_plural(name: str, verb: str) -> None:
    change = FieldChange(name=name, expected="a", actual="b", severity=Severity.WARNING)
    changed = Difference(verdict=DiffVerdict.CHANGED, kind="index", key="i", severity=Severity.WARNING, fields=(change,))
    found = Drift(differences=(changed,))
    (finding,) = attribute_findings("COV008", found, (name,), origins={})
    assert finding.summary.endswith(f" {name} {verb} a in the legacy SQL, b in the owner's SQL")
