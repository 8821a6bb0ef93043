"""Workflow commands that GitHub turns into annotations on the changed lines.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from migration_audit.model.drift import Severity
from migration_audit.model.evidence import Evidence
from migration_audit.report.escape import one_line
from migration_audit.report.triage import findings_of
from migration_audit.report.view import EvidenceView, Places

LIMIT: Final = 10
"""GitHub shows ten annotations of each level for a step and drops the rest without a word."""
_COMMANDS = {Severity.BLOCKER: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def github_annotations(evidence: Evidence) -> Iterator[str]:
    """A workflow command for each finding, blockers first, at most ten of a level; the last one counts the others."""
    facts, places = EvidenceView(evidence), Places(evidence)
    for doubt in facts.doubts[:LIMIT]:
        yield _command("error", {"title": f"{facts.environment}: could not check"}, doubt)
    for results in (facts.triage.blockers, facts.triage.warnings, facts.triage.notes):
        given = findings_of(results)
        found = [(result, finding) for result, finding in given if finding is not None and not finding.waived]
        shown = found if len(found) <= LIMIT else found[: LIMIT - 1]
        for result, finding in shown:
            path, line = places.of(finding)
            title = f"{result.id} {facts.environment}"
            where = {"file": path, "line": str(line), "title": title}
            yield _command(_COMMANDS[result.severity], where, finding.summary)
        if len(found) > len(shown):
            level = _COMMANDS[found[0][0].severity]
            more = f"{len(found) - len(shown)} more are in report.html"
            yield _command(level, {"title": facts.environment}, more)


def _command(level: str, properties: Mapping[str, str], message: str) -> str:
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {given}::{_data(one_line(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(one_line(text)).replace(":", "%3A").replace(",", "%2C")
