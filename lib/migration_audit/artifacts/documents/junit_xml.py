"""JUnit XML as test runners write it: how many tests, which failed, and which commit they ran on.

There is no standard; what vitest, jest-junit, pytest, Surefire and gotestsum write is read, see
https://github.com/testmoapp/junitxml for what they have in common.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree

from migration_audit.artifacts.text import check_inside, shown_path
from migration_audit.model.errors import ArtifactError

COMMIT_PROPERTIES: Final = ("commit", "git.commit", "git_commit", "git.sha", "git_sha", "revision", "vcs.revision")
"""Names of a ``<property>`` that holds the commit, in any case."""
_TODO: Final = "name the report that the test runner wrote"


@dataclass(frozen=True, slots=True, kw_only=True)
class JUnitReport:
    """One report."""

    tests: int
    failed: tuple[str, ...]
    """Names of the tests that failed or broke, ``class name``; of a suite that broke as a whole, the suite's."""
    skipped: int
    commits: tuple[str, ...]
    """What its properties say; more than one when they disagree."""


def read_junit(path: Path, *, shown_from: Path) -> JUnitReport:
    """The report at ``path``. Raises ArtifactError when it is not there, is no XML, is no JUnit XML, or has a DTD."""
    shown = shown_path(path, shown_from)
    check_inside(path, shown_from)
    try:
        root = ElementTree.fromstring(path.read_bytes(), forbid_dtd=True)
    except OSError as error:
        raise ArtifactError(f"cannot be read: {error.strerror or error}", where=shown, todo=_TODO) from error
    except ParseError as error:
        raise ArtifactError(f"is not well-formed XML: {error}", where=f"{shown}:{error.position[0]}", todo=_TODO) from error
    except DefusedXmlException as error:
        raise ArtifactError("has a document type or entities, which are not read", where=shown, todo=_TODO) from error
    if _name(root) not in {"testsuites", "testsuite"}:
        raise ArtifactError(f"is XML, but not JUnit: its root is <{_name(root)}>", where=f"{shown}:1", todo=_TODO)
    return _report(root)


def _report(root: Element) -> JUnitReport:
    cases = [element for element in root.iter() if _name(element) == "testcase"]
    failed = [_case(case) for case in cases if _has(case, "failure", "error")]
    suites = [element for element in root.iter() if _name(element) == "testsuite"]
    for suite in suites:
        broken = _has(suite, "error", "failure") or _count(suite, "failures") + _count(suite, "errors") > _broken_within(
            suite
        )
        if broken:
            failed.append(suite.get("name") or "a suite without a name")
    if not suites and _count(root, "failures") + _count(root, "errors") > len(failed):
        failed.append("a test that the report does not name")
    properties = [
        (element.get("name", "").lower(), element.get("value") or (element.text or ""))
        for suite in (root, *suites)
        for group in suite
        if _name(group) == "properties"
        for element in group
    ]
    return JUnitReport(
        tests=len(cases) or _count(root, "tests"),
        failed=tuple(failed),
        skipped=sum(_has(case, "skipped") for case in cases),
        commits=tuple(sorted({value.strip().lower() for name, value in properties if name in COMMIT_PROPERTIES})),
    )


def _broken_within(suite: Element) -> int:
    """Failing cases of this suite and of those in it; a report may count either way."""
    return sum(_has(case, "failure", "error") for case in suite.iter() if _name(case) == "testcase")


def _case(case: Element) -> str:
    return " ".join(filter(None, (case.get("classname"), case.get("name")))) or "a test without a name"


def _has(element: Element, *names: str) -> bool:
    return any(_name(child) in names for child in element)


def _count(element: Element, attribute: str) -> int:
    value = element.get(attribute, "0")
    return int(value) if value.isdigit() else 0


def _name(element: Element) -> str:
    """Without a namespace: some runners write one."""
    return str(element.tag).rpartition("}")[2]
