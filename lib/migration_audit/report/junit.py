"""junit.xml: an environment as a test suite, a check as a test case, for every CI system that shows test results.

The elements and attributes are those that Jenkins' xUnit schema allows, which GitLab, Azure and Bamboo read too. JUnit knows
no warnings: a check that failed below a blocker passes there, and what it found is in the case's output.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree as ET

from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import CheckResult, Finding, Outcome
from migration_audit.model.severity import Severity
from migration_audit.report.escape import many_lines, one_line, sentence
from migration_audit.report.triage import Cause
from migration_audit.report.view import EvidenceView

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(evidence: Evidence) -> str:
    """The results of one environment as JUnit XML, with the declaration; the same evidence gives the same text.

    A failed blocker is a failure; a check that could not be decided, or a run that did not reach its end, is an error; what
    is not due or does not apply is skipped, with the reason.
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
    if facts.generated_at:
        suite.set("timestamp", facts.generated_at.removesuffix("Z"))
    suite.append(_properties(facts))
    suite.extend(cases)
    root.append(suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _properties(facts: EvidenceView) -> ET.Element:
    properties = ET.Element("properties")
    for name, value in (("verdict", facts.verdict.value), *facts.facts):
        properties.append(_element("property", name=name, value=value))
    return properties


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
    return [one_line(_line(finding)) for finding in findings]


def _line(finding: Finding) -> str:
    waived = f" (waived: {finding.waived})" if finding.waived else ""
    return f"{finding.where}: {finding.summary}{waived}" if finding.where else f"{finding.summary}{waived}"


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
