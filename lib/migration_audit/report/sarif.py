"""results.sarif: findings at their lines, for code scanning (SARIF 2.1.0, OASIS).

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. Locations are files of the repository: the SQL line that
defines the object, or else the environment's line in audit.toml. GitHub takes no result without one.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from migration_audit import __version__, checks
from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import CheckResult, Finding
from migration_audit.model.severity import Severity
from migration_audit.report.escape import one_line
from migration_audit.report.view import EvidenceView, Places

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.BLOCKER: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif(evidence: Evidence) -> dict[str, Any]:
    """The findings of one environment as a SARIF log with one run; what could not be checked is a notification in it."""
    facts, places = EvidenceView(evidence), Places(evidence)
    shown = [result for result in facts.results if result.findings]
    numbers = {result.id: number for number, result in enumerate(facts.results)}
    run: dict[str, Any] = {
        "tool": {"driver": _driver(facts)},
        "automationDetails": {"id": f"migration-audit/{quote(facts.environment)}/{quote(facts.phase)}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(facts)],
        "results": [one for result in shown for one in _results(result, numbers[result.id], facts, places)],
        "properties": {"environment": facts.environment, "phase": facts.phase, "verdict": facts.verdict.value},
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _driver(facts: EvidenceView) -> dict[str, Any]:
    return {
        "name": "migration-audit",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(result) for result in facts.results],
    }


def _rule(result: CheckResult) -> dict[str, Any]:
    rule: dict[str, Any] = {
        "id": result.id,
        "name": re.sub(r"[^A-Za-z0-9]", "", result.title.title()) or result.id,
        "shortDescription": {"text": f"{one_line(result.title)}."},
        "defaultConfiguration": {"level": _LEVELS[result.severity]},
    }
    page = inspect.getdoc(checks.BY_ID[result.id].run) if result.id in checks.BY_ID else None
    if page:
        rule["fullDescription"] = {"text": page.split("\n\n", 1)[0].replace("\n", " ")}
        rule["help"] = {"text": page}
    return rule


def _invocation(facts: EvidenceView) -> dict[str, Any]:
    complete = not facts.doubts
    invocation: dict[str, Any] = {"executionSuccessful": complete}
    if not complete:
        invocation["toolExecutionNotifications"] = [
            {"level": "error", "message": {"text": one_line(doubt)}} for doubt in facts.doubts
        ]
    if facts.generated_at:
        invocation["endTimeUtc"] = facts.generated_at
    return invocation


def _results(result: CheckResult, number: int, facts: EvidenceView, places: Places) -> Iterator[dict[str, Any]]:
    for finding in result.findings:
        one: dict[str, Any] = {
            "ruleId": result.id,
            "ruleIndex": number,
            "kind": "fail" if result.outcome.value == "failed" else "review",
            "level": _LEVELS[result.severity] if result.outcome.value == "failed" else "none",
            "message": {"text": _message(finding)},
            "locations": [_location(places, finding)],
            "partialFingerprints": {"findingKey/v1": one_line(f"{facts.environment}:{finding.key}")},
        }
        if finding.waived:
            one["suppressions"] = [{"kind": "external", "status": "accepted", "justification": one_line(finding.waived)}]
        yield one


def _message(finding: Finding) -> str:
    sides = [f"Expected: {finding.expected}"] * bool(finding.expected) + [f"Actual: {finding.actual}"] * bool(finding.actual)
    return "\n".join([one_line(finding.summary), *map(one_line, sides)])


def _location(places: Places, finding: Finding) -> dict[str, Any]:
    path, line = places.of(finding)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(one_line(path)), "uriBaseId": "SRCROOT"},
            "region": {"startLine": line},
        }
    }
