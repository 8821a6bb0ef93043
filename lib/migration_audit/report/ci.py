"""What CI systems show of a run: GitHub's annotations and job summary, junit.xml, and results.sarif.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions and, for code scanning (SARIF 2.1.0, OASIS),
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. junit.xml has the elements of Jenkins' xUnit schema,
which GitLab, Azure and Bamboo read too.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

from migration_audit import __version__, checks
from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import CheckResult, Finding, Outcome, Severity
from migration_audit.report import escape
from migration_audit.report.badges import verdict_pill
from migration_audit.report.banner import verdict_sentence
from migration_audit.report.check_tables import check_table, findings_table
from migration_audit.report.escape import many_lines, one_line, sentence
from migration_audit.report.triage import Cause, findings_of
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
    for results in (facts.triage.blockers, facts.triage.warnings, facts.triage.info):
        found = [(r, f) for r, f in findings_of(results) if f is not None and not f.waived]
        shown = found if len(found) <= _MOST_ANNOTATIONS else found[: _MOST_ANNOTATIONS - 1]
        for result, finding in shown:
            path, line = places.of(finding)
            where = {"file": path, "line": str(line), "title": f"{result.id} {facts.environment}"}
            yield _command(_COMMANDS[result.severity], where, finding.summary)
        if more := len(found) - len(shown):
            level = _COMMANDS[found[0][0].severity]
            yield _command(level, {"title": facts.environment}, f"{more} more are in report.html")


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
    sentence = _shown(verdict_sentence(evidence.verdict, evidence.environment))
    yield f"## {verdict_pill(evidence.verdict).glyph} {sentence}"
    named = [("Project", evidence.project), *evidence.facts]
    yield " · ".join(f"{name}: {_shown(value)}" for name, value in named)
    if evidence.doubts:
        yield "**What could not be checked**"
        yield _bullets(evidence.doubts)
    if evidence.notes:
        yield _bullets(evidence.notes)
    for heading, results in (
        ("What blocks", evidence.triage.blockers),
        ("What needs review", evidence.triage.warnings),
        ("For information", evidence.triage.info),
    ):
        if results:
            yield findings_table(results, caption=heading).markdown()
    if evidence.triage.not_looked_at:
        yield "**What was not looked at**"
        yield _bullets([str(cause) for cause in evidence.triage.not_looked_at])
    yield check_table(evidence.results, caption="Every check").markdown()


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {_shown(sentence)}" for sentence in sentences)


def _shown(text: str) -> str:
    return escape.markdown(one_line(text))


_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(evidence: Evidence) -> str:
    """The results of one environment as JUnit XML, with the declaration; the same evidence gives the same text.

    A failed blocker is a failure; a check that could not be decided, or a run that did not reach its end, is an error; what
    is not due or does not apply is skipped, with the reason. JUnit knows no warnings: a check that failed below a blocker
    passes, and what it found is in the case's output.
    """
    facts = EvidenceView(evidence)
    reported_at = {one.check: cause for cause in facts.triage.causes for one in cause.stopped}
    cases = [_case(facts, result, reported_at.get(result.id)) for result in facts.results]
    if facts.unfinished:
        case = _element("testcase", classname=_class_of(facts), name="the run finished")
        case.append(_outcome("error", "; ".join(facts.unfinished), kind="incomplete"))
        cases.insert(0, case)
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
    }
    skipped = str(sum(case.find("skipped") is not None for case in cases))
    root = _element("testsuites", name=f"migration-audit {facts.project}", **counts)
    suite = _element("testsuite", name=facts.environment, skipped=skipped, **counts)
    suite.set("timestamp", facts.generated_at.removesuffix("Z"))
    properties = ET.Element("properties")
    properties.extend(
        _element("property", name=name, value=value) for name, value in (("verdict", facts.verdict.value), *facts.facts)
    )
    suite.append(properties)
    suite.extend(cases)
    root.append(suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _case(facts: EvidenceView, result: CheckResult, cause: Cause | None) -> ET.Element:
    case = _element("testcase", classname=_class_of(facts), name=f"{result.id} {result.title}")
    reason = result.reason or "no reason was recorded"
    is_blocking = result.outcome is Outcome.FAILED and result.weight is Severity.BLOCKER
    if result.is_undecided and not is_blocking:
        case.append(_outcome("error", _stopped(result, cause), kind=result.outcome.value))
    elif result.outcome in {Outcome.SKIPPED, Outcome.PENDING}:
        case.append(_outcome("skipped", reason))
    elif is_blocking:
        lines = _lines([f for f in result.findings if not f.waived]) or [reason]
        case.append(_outcome("failure", lines[0], kind=result.severity.value, body="\n".join(lines)))
    lines = _lines(result.findings) if case.find("failure") is None else []
    if lines or (result.outcome is Outcome.PASSED and result.reason):
        output = ET.Element("system-out")
        output.text = _xml("\n".join(lines) or many_lines(reason))
        case.append(output)
    return case


def _stopped(result: CheckResult, cause: Cause | None) -> str:
    """The cause with all that it stops at the first check that it stops; at the others, where that is."""
    if cause is None:
        return sentence(result.unchecked or result.reason or "no reason was recorded")
    first = cause.stopped[0].check
    if result.id != first:
        return f"could not check: stopped by the same cause as {first}"
    return str(cause) if len(cause.stopped) > 1 else cause.reason


def _lines(findings: Sequence[Finding]) -> list[str]:
    """A line for each finding, with the place in the form that terminals and CI systems link."""
    parts = ((f.where, f.summary, f" (waived: {f.waived})" if f.waived else "") for f in findings)
    return [one_line(f"{where}: {summary}{waived}" if where else summary + waived) for where, summary, waived in parts]


def _outcome(tag: str, message: str, *, kind: str | None = None, body: str | None = None) -> ET.Element:
    element = _element(tag, message=message)
    if kind:
        element.set("type", kind)
    if body:
        element.text = _xml(body)
    return element


def _class_of(facts: EvidenceView) -> str:
    return f"migration-audit.{facts.environment}"


def _element(tag: str, **attributes: str) -> ET.Element:
    return ET.Element(tag, {name: _xml(one_line(value)) for name, value in attributes.items()})


def _xml(text: str) -> str:
    """The text without characters that XML does not allow."""
    return _NOT_XML.sub("\ufffd", text)


SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.BLOCKER: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif(evidence: Evidence) -> dict[str, Any]:
    """The findings of one environment as a SARIF log with one run; what could not be checked is a notification in it.

    Locations are the SQL line that defines the object, or else the environment's line in audit.toml: GitHub takes no result
    without one.
    """
    facts, places = EvidenceView(evidence), Places(evidence)
    shown = [result for result in facts.results if result.findings]
    numbers = {result.id: number for number, result in enumerate(facts.results)}
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "migration-audit",
                "version": __version__,
                "semanticVersion": __version__,
                "rules": [_rule(result) for result in facts.results],
            }
        },
        "automationDetails": {"id": f"migration-audit/{quote(facts.environment)}/{quote(facts.phase)}/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(facts)],
        "results": [one for result in shown for one in _results(result, numbers[result.id], facts, places)],
        "properties": {"environment": facts.environment, "phase": facts.phase, "verdict": facts.verdict.value},
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


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
    notes = [{"level": "error", "message": {"text": one_line(doubt)}} for doubt in facts.doubts]
    invocation: dict[str, Any] = {"executionSuccessful": not notes, "endTimeUtc": facts.generated_at}
    return invocation | ({"toolExecutionNotifications": notes} if notes else {})


def _results(result: CheckResult, number: int, facts: EvidenceView, places: Places) -> Iterator[dict[str, Any]]:
    is_failed = result.outcome is Outcome.FAILED
    for finding in result.findings:
        named = (("Expected", finding.expected), ("Actual", finding.actual))
        sides = [f"{name}: {value}" for name, value in named if value]
        one: dict[str, Any] = {
            "ruleId": result.id,
            "ruleIndex": number,
            "kind": "fail" if is_failed else "review",
            "level": _LEVELS[result.severity] if is_failed else "none",
            "message": {"text": "\n".join([one_line(finding.summary), *map(one_line, sides)])},
            "locations": [_location(places, finding)],
            "partialFingerprints": {"findingKey/v1": one_line(f"{facts.environment}:{finding.key}")},
        }
        if finding.waived:
            one["suppressions"] = [{"kind": "external", "status": "accepted", "justification": one_line(finding.waived)}]
        yield one


def _location(places: Places, finding: Finding) -> dict[str, Any]:
    path, line = places.of(finding)
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": quote(one_line(path)), "uriBaseId": "SRCROOT"},
            "region": {"startLine": line},
        }
    }
