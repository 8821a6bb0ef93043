"""How a person reproduces a finding: a shell command, built from the finding's key."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise

from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import CheckResult, Finding, Phase
from migration_audit.model.identifiers import literal
from migration_audit.report.triage import family

_OF_TABLE = frozenset({"column", "constraint", "trigger", "policy", "rule"})
"""Kinds whose key is the table's with one more name."""
_DESCRIBED = {
    **dict.fromkeys(("table", "index", "view", "materialized view", "sequence"), "\\d+ {}"),
    "hypertable": "SELECT * FROM timescaledb_information.dimensions WHERE hypertable_name = {}",
    "dimension": "SELECT * FROM timescaledb_information.dimensions WHERE hypertable_name = {}",
    "schema": "\\dn+ {}",
    "extension": "\\dx {}",
    "function": "\\df+ {}",
    "type": "\\dT+ {}",
}
_PLAIN = re.compile(r"[a-z_][a-z0-9_.]*")
_LEDGER = re.compile(r"ledger ([a-z_][a-z0-9_.]*) ")
_EXPANDED = re.compile(r'["$`!\\]')
"""What a shell changes within double quotes."""
_OF_FILES = frozenset({"SQL", "COV", "BOOT", "SNAP", "RET", "DOC"})


def see_again(result: CheckResult, finding: Finding, evidence: Evidence) -> str:
    """A command that shows what the finding is about; the audit of the environment where nothing narrower does."""
    if result.id == "LIV013" and finding.fix_sql:
        return _psql(finding.fix_sql, evidence)
    if result.id in {"LIV010", "LIV011"} and (ledger := _LEDGER.search(finding.summary)):
        return _psql(f"SELECT * FROM {ledger[1]}", evidence)  # noqa: S608  never run
    parts = [part for part in finding.key.split(":")[1:] if part != evidence.environment]
    if family(result.id) in {"LIV", "PRV"} and evidence.server is not None:
        for kind, name in pairwise(parts):
            if query := _query(kind, name):
                return _psql(query, evidence)
    path, _, line = (finding.where or "").rpartition(":")
    if path and line.isdecimal() and family(result.id) in _OF_FILES:
        return f"sed -n {shlex.quote(f'{line},+4p')} {shlex.quote(path)}"
    return run_command(evidence)


def run_command(evidence: Evidence) -> str:
    """The command that audits the same environment in the same phase again."""
    phase = "" if evidence.phase is Phase.PREFLIGHT else f" --phase {evidence.phase.value}"
    return f"migration-audit run --env {shlex.quote(evidence.environment)}{phase}"


def _query(kind: str, name: str) -> str | None:
    """psql's command or a query; None for names that are quoted, as psql expands more than names in such arguments."""
    if not _PLAIN.fullmatch(name):
        return None
    if kind in _OF_TABLE:
        kind, name = "table", name.rpartition(".")[0]
    if kind == "dimension":
        name = name.rpartition(".")[0]
    if kind not in _DESCRIBED or not name:
        return None
    return _DESCRIBED[kind].format(literal(name.rpartition(".")[2]) if kind in {"hypertable", "dimension"} else name)


def _psql(query: str, evidence: Evidence) -> str:
    database = evidence.server.database if evidence.server else evidence.environment
    quoted = f'"{query}"' if "'" in query and not _EXPANDED.search(query) else shlex.quote(query)
    return f"psql -d {shlex.quote(database)} -c {quoted}"
