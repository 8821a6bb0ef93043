"""Whether a run executed the notebooks of the package, and what the policy makes of others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from migration_audit.model.enumeration import some_of
from migration_audit.model.signoff import Sentence
from migration_audit.project import EnvironmentPolicy


def changed_notebooks(evidence: Mapping[str, Any]) -> tuple[str, ...]:
    """The notebooks of a run that are not the packaged ones, by name."""
    return tuple(str(each.get("name")) for each in evidence.get("notebooks") or () if each.get("packaged") is not True)


def judge_notebooks(evidence: Mapping[str, Any], needs: EnvironmentPolicy) -> Sentence:
    """Results come from the facts, whatever a notebook says; but what a changed one showed cannot be computed again."""
    changed = changed_notebooks(evidence)
    if not changed:
        return Sentence(ok=True, text="the packaged notebooks were executed")
    text = f"changed notebooks were executed: {some_of(changed)}"
    if needs.changed_notebooks:
        return Sentence(ok=None, text=f"{text}; the policy allows it")
    todo = "move notebooks/ away and audit again, or set changed_notebooks = true in [policy]"
    return Sentence(ok=False, text=text, todo=todo)
