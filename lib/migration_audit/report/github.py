"""What GitHub's CI shows of a run: annotations on the changed lines, and a job summary.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import CheckResult
from migration_audit.model.severity import Severity
from migration_audit.report import escape
from migration_audit.report.badges import verdict_pill
from migration_audit.report.banner import verdict_sentence
from migration_audit.report.check_tables import check_table, findings_table
from migration_audit.report.escape import one_line
from migration_audit.report.triage import findings_of
from migration_audit.report.view import EvidenceView, Places

_MOST_ANNOTATIONS: Final = 10
"""GitHub shows ten annotations of each level for a step and drops the rest without a word."""
_COMMANDS = {Severity.BLOCKER: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
MOST_BYTES = 900_000
"""Bytes that a summary never exceeds."""


def github_annotations(evidence: Evidence) -> Iterator[str]:
    """A workflow command for each finding, blockers first, at most ten of a level; the last one counts the others."""
    facts, places = EvidenceView(evidence), Places(evidence)
    for doubt in facts.doubts[:_MOST_ANNOTATIONS]:
        yield _command("error", {"title": f"{facts.environment}: could not check"}, doubt)
    for results in (facts.triage.blockers, facts.triage.warnings, facts.triage.notes):
        given = findings_of(results)
        found = [(result, finding) for result, finding in given if finding is not None and not finding.waived]
        shown = found if len(found) <= _MOST_ANNOTATIONS else found[: _MOST_ANNOTATIONS - 1]
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


def summary_markdown(evidence: Evidence, *, limit: int = MOST_BYTES) -> str:
    """Verdict, facts, what could not be checked, what was found, every check; cut before ``limit`` bytes, and reported."""
    facts = EvidenceView(evidence)
    lines: list[str] = []
    size = 400  # for the sentence that reports the cut
    for block in _blocks(facts):
        for line in block.split("\n"):
            size += len(line.encode()) + 1
            if size > limit:
                left = "… truncated to fit a job summary. See report.html and evidence.json for the rest."
                return "\n".join([*lines, "", left, ""])
            lines.append(line)
        lines.append("")
        size += 1
    return "\n".join(lines)


def _blocks(evidence: EvidenceView) -> Iterator[str]:
    sentence = escape.markdown(escape.one_line(verdict_sentence(evidence.verdict, evidence.environment)))
    yield f"## {verdict_pill(evidence.verdict).glyph} {sentence}"
    named = [("Project", evidence.project), *evidence.facts]
    yield " · ".join(f"{name}: {escape.markdown(escape.one_line(value))}" for name, value in named)
    if evidence.doubts:
        yield "**What could not be checked**"
        yield _bullets(evidence.doubts)
    if evidence.notes:
        yield _bullets(evidence.notes)
    for heading, results in (
        ("What blocks", evidence.triage.blockers),
        ("What needs review", evidence.triage.warnings),
        ("For information", evidence.triage.notes),
    ):
        if results:
            yield _found(results, heading)
    yield check_table(evidence.results, caption="Every check").markdown()


def _found(results: Sequence[CheckResult], heading: str) -> str:
    return findings_table(results, caption=heading).markdown()


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {escape.markdown(escape.one_line(sentence))}" for sentence in sentences)
