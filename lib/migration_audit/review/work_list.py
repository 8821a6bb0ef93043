"""What a deletion may touch: the files in which the signed evidence lists work; and whether the work is done there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from migration_audit.artifacts.files import find_files, is_glob
from migration_audit.audit.inputs.artifact_digests import executed_files
from migration_audit.audit.inputs.boot import boot_inputs
from migration_audit.audit.inputs.retirement import documents_inputs, retirement_inputs
from migration_audit.checks import ALL, judge
from migration_audit.model.enumeration import some_of
from migration_audit.model.evidence import Evidence
from migration_audit.model.finding import CheckResult, Outcome, Phase
from migration_audit.model.signoff import Sentence, fails
from migration_audit.project import Project, Verb
from migration_audit.project.locate import shown_path

_OF_WORK = frozenset(check.id for check in ALL if check.work_list)
_FIXTURE = "RET008"
_NEEDS_MORE = frozenset({_FIXTURE, "CMD001"})
"""Checks that need a server or a command, and which the retired run decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """Paths, relative to audit.toml."""

    named: frozenset[str]
    """Files that may be edited or removed."""
    legacy: frozenset[str]
    """Files of the legacy source, which may be removed and not edited."""
    new: frozenset[str]
    """Files that may be added."""

    def allows(self, path: str, *, was_audited: bool, is_there: bool) -> bool:
        """Whether a file may differ in this way from what was audited."""
        if not was_audited:
            return path in self.new
        return path in self.named or (path in self.legacy and not is_there)


def work_list(evidence: Evidence, project: Project) -> WorkList:
    """The work that signed evidence of the preflight lists, as far as the rules of ``project`` (the policy's) ask for it."""
    asked = {rule.check for rule in project.retirement}
    checks = [c for c in evidence.checks if c.id in _OF_WORK & asked and c.outcome is Outcome.PENDING]
    named = {_file(f.where) for check in checks for f in check.findings if f.where}
    loads = any(check.id == _FIXTURE and check.findings for check in checks)
    for rule in project.retirement if loads else ():
        if rule.verb is Verb.FIXTURE:  # one of these tests has to load it
            named |= set(find_files(project.directory, rule.loaded_by, rule.excluded).paths)
    if project.boot is not None:  # without the runner, the stack for development gets its schema in another way
        named |= {shown_path(path, project.directory) for path in project.boot.dev_compose}
    source = evidence.source("legacy")
    legacy = {file.path for file in source.files} if source else set()
    named -= legacy | executed_files(project)  # what these make was audited, and nothing is executed at the gate
    return WorkList(named=frozenset(named), legacy=frozenset(legacy), new=frozenset(_new(project)))


def undone_work(evidence: Evidence, project: Project, changed: Iterable[str]) -> Iterator[Sentence]:
    """What the checks of files say about ``changed`` in the tree that is there now, against what was signed."""
    touched, signed = set(changed), {check.id: check for check in evidence.checks}
    known = {f.key: bool(f.waived) for check in signed.values() for f in check.findings}
    wrong: list[str] = []
    for result in (r for r in _judged(project) if r.id in signed):
        for finding in result.findings if result.outcome is Outcome.FAILED else ():
            is_new = finding.key not in known
            is_here = finding.where is not None and _file(finding.where) in touched and not known.get(finding.key)
            if is_new or is_here:
                wrong.append(f"{finding.key}: {finding.summary}")
        if result.is_undecided and result.id not in _NEEDS_MORE and _was_decided(signed.get(result.id)):
            wrong.append(f"{result.id} can no longer be checked: {result.reason}")
    if wrong:
        text = f"the work is incomplete, or something else was changed: {some_of(wrong, most=3, between='; ')}"
        yield fails(text, "finish what the signed report lists, and change nothing else")


def _judged(project: Project) -> tuple[CheckResult, ...]:
    inputs: dict[str, Any] = {
        **boot_inputs(project),
        **retirement_inputs(project),
        **documents_inputs(project, commands=()),
        "sources": (),  # its files are compared with those that were signed, and nothing else reads them at the gate
        "fixture_shadows": {},
        "owner_origins": {},
        "project": project,
    }
    able = [check for check in ALL if set(check.inputs) <= inputs.keys()]
    return judge([check for check in able if check.id != "CMD001"], inputs, Phase.RETIRED)


def _was_decided(check: CheckResult | None) -> bool:
    """Whether the signed evidence could say it; a check of the work list is pending either way, and its reason says so."""
    if check is None:
        return False
    if check.outcome is Outcome.PENDING:
        return "the work could not be listed" not in str(check.reason)
    return check.outcome in {Outcome.PASSED, Outcome.FAILED}


def _new(project: Project) -> Iterator[str]:
    """Files that rules ask for by their very name."""
    for rule in project.retirement:
        named = rule.what if rule.verb is Verb.FIXTURE else rule.files if rule.verb in {Verb.SAYS, Verb.ENTRY} else ()
        yield from (path.removeprefix("./") for path in named if not is_glob(path))


def _file(where: str) -> str:
    path, _, line = where.rpartition(":")
    return path if line.isdigit() else where
