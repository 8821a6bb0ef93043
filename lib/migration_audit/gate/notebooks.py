"""Whether a run executed the notebooks of the package, and what the policy makes of others."""

from __future__ import annotations

from migration_audit.model.enumeration import some_of
from migration_audit.model.evidence import Evidence
from migration_audit.model.signoff import Sentence
from migration_audit.project import EnvironmentPolicy


def judge_notebooks(evidence: Evidence, needs: EnvironmentPolicy) -> Sentence:
    """Results come from the facts, whatever a notebook says; but what a changed one showed cannot be computed again."""
    changed = evidence.changed_notebooks
    if not changed:
        return Sentence(ok=True, text="the packaged notebooks were executed")
    text = f"changed notebooks were executed: {some_of(changed)}"
    if needs.changed_notebooks:
        return Sentence(ok=None, text=f"{text}; the policy allows it")
    todo = "move notebooks/ away and audit again, or set changed_notebooks = true in [policy]"
    return Sentence(ok=False, text=text, todo=todo)
