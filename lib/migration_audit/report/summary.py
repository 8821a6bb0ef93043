"""The job summary: what CI shows on the page of a run (``GITHUB_STEP_SUMMARY`` takes 1 MiB)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import CheckResult
from migration_audit.report import escape
from migration_audit.report.banner import verdict_sentence
from migration_audit.report.check_tables import check_table, findings_table
from migration_audit.report.pills import verdict_pill
from migration_audit.report.view import EvidenceView

LIMIT = 900_000
"""Bytes that a summary never exceeds."""


def summary_markdown(evidence: Evidence, *, limit: int = LIMIT) -> str:
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
    yield check_table(evidence.results, caption="Every check")._repr_markdown_()


def _found(results: Sequence[CheckResult], heading: str) -> str:
    return findings_table(results, caption=heading)._repr_markdown_()


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {escape.markdown(escape.one_line(sentence))}" for sentence in sentences)
