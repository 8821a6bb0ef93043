"""Whether a run was audited with the settings of the policy's revision, and whether this tree keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from migration_audit.artifacts.git.refs import find_revision
from migration_audit.artifacts.git.repository import Revision
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError
from migration_audit.model.evidence import HOME, Evidence
from migration_audit.model.signoff import Sentence, fails, holds
from migration_audit.project import Project, SettingDifference, audited_digest, audited_tables, compare_settings

_SHOWN = 5


def settings_sentences(project: Project, revision: Revision | None, evidence: Evidence, folder: Path) -> Iterator[Sentence]:
    """Whether the audited settings are those of ``revision`` (None: of the working tree), and whether this tree has them.

    ``folder`` is the run's. What is audited less is listed.
    """
    policy = policy_settings(project, revision)
    where = revision.named if revision else "this tree"
    less = less_audited(project, policy, evidence, folder)
    if less is None:
        text = f"{project.path.name} has different audit settings than when it was audited"
        yield fails(text, f"audit with the {project.path.name} of {where}, and sign that run")
    elif less:
        text = f"it was audited with different settings than those in {where}: {_listed(less)}"
        yield fails(text, f"merge the settings into {where} first, or audit with those; sign that run")
    else:
        yield holds(f"it was audited with the {project.path.name} of {where}")
    if revision is not None:
        yield from tree_sentences(project, policy, where)


def policy_settings(project: Project, revision: Revision | None) -> bytes:
    """audit.toml as the policy's revision has it, or as it is here. Raises AuditError."""
    content = revision.read(project.path) if revision else project.path.read_bytes()
    if content is None:
        raise AuditError("the file does not exist", where=f"{revision and revision.named}:{project.path.name}")
    return content


def less_audited(project: Project, policy: bytes, evidence: Evidence, folder: Path) -> tuple[SettingDifference, ...] | None:
    """What the run audited less than ``policy`` asks for, or otherwise; None where its settings are not to be had."""
    name = project.path.name
    audited = evidence.config.audited
    if audited_digest(policy, file_name=name) == audited:
        return ()
    for content in _candidates(project, evidence, folder):
        try:
            if audited_digest(content, file_name=name) == audited:
                found = compare_settings(audited_tables(policy, file_name=name), audited_tables(content, file_name=name))
                return tuple(each for each in found if each.is_less or each.is_work)
        except (ValueError, AuditError):
            continue
    return None


def _candidates(project: Project, evidence: Evidence, folder: Path) -> Iterator[bytes]:
    """Where the audited audit.toml may still be: in the run, in the tree, in the audited commit."""
    for path in (folder / "facts" / "audit.toml", project.path):
        if path.is_file():
            yield path.read_bytes()
    state = evidence.commit.get(HOME)
    try:
        content = find_revision(project.directory, state.commit).read(project.path) if state and state.commit else None
    except AuditError:
        return
    if content is not None:
        yield content


def tree_sentences(project: Project, policy: bytes, where: str) -> Iterator[Sentence]:
    """That this tree audits less than the policy's audit.toml, which is that of ``where``, if it does."""
    name = project.path.name
    try:
        here = audited_tables(project.path.read_bytes(), file_name=name)
    except (OSError, ValueError):
        yield fails(f"{name} of this tree cannot be read", f"restore it from {where}")
        return
    less = [d for d in compare_settings(audited_tables(policy, file_name=name), here) if d.is_less]
    if less:
        text = f"{name} of this tree audits less than that of {where}: {_listed(less)}"
        yield fails(text, "revert it: change the settings in a separate proposal, before the audit")


def _listed(differences: tuple[SettingDifference, ...] | list[SettingDifference]) -> str:
    return some_of(sorted(d.text for d in differences), most=_SHOWN, between="; ")
