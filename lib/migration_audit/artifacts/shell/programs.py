"""Which programs a shell script starts, in which order, and what of that cannot be known without running it.

The script is never run. Its syntax tree is walked in the order in which a POSIX shell would go; what depends on a condition,
on an unknown variable or on another process is reported as such and never taken for certain.
Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from migration_audit.artifacts.shell.commands import Walk
from migration_audit.artifacts.shell.flow import ExecutionPoint, Process
from migration_audit.artifacts.shell.parse import ShellScript
from migration_audit.artifacts.shell.path_changes import PathChange
from migration_audit.artifacts.shell.path_state import Paths
from migration_audit.artifacts.shell.replaced import Replacements
from migration_audit.artifacts.shell.words import ShellVariables, Word
from migration_audit.model.image import Guard, StartOutcome
from migration_audit.model.location import Location
from migration_audit.model.unset import is_open

__all__ = ["ShellScript", "Walked", "run_script", "run_words", "walk_script", "walk_words"]

Environment = dict[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """What a start of a shell or program leads to."""

    run: StartOutcome
    changes: tuple[PathChange, ...]
    """What it may do to files, in order."""
    replacements: Replacements


def run_script(script: ShellScript, **given: Any) -> StartOutcome:
    """What a shell does with this text; see ``walk_script``."""
    return walk_script(script, **given).run


def run_words(words: Sequence[str], at: Location, **given: Any) -> StartOutcome:
    """What starting this program with these arguments leads to; see ``walk_words``."""
    return walk_words(words, at, **given).run


def walk_script(
    script: ShellScript,
    *,
    environment: Environment | None = None,
    folder: str | None = "/",
    paths: Paths,
    errexit: bool = False,
    maybe: str | None = None,
) -> Walked:
    """What a shell does with this text.

    ``paths`` knows the scripts that it calls, and what exists where it asks for a file. ``folder`` is where it starts; None
    where it is unknown. ``maybe``: why it may not run at all.
    """
    state = ShellVariables(variables=dict(environment or {}), folder=folder, errexit=errexit)
    return _walk(lambda walk, where: walk.script(where.in_script(script)), Walk(paths), state, maybe)


def walk_words(
    words: Sequence[str],
    at: Location,
    *,
    environment: Environment | None = None,
    folder: str | None = "/",
    paths: Paths,
    and_more: bool = False,
    maybe: str | None = None,
) -> Walked:
    """What starting this program with these arguments leads to; no shell looks at the words unless one is started.

    ``and_more``: whatever else it is given behind them. The rest is that of ``walk_script``.
    """
    given = [*(Word(word, known=not is_open(word)) for word in words), *([Word("$@", known=False)] if and_more else [])]
    state = ShellVariables(variables=dict(environment or {}), folder=folder)
    return _walk(lambda walk, where: walk.start(given, at, where), Walk(paths), state, maybe)


def _walk(begin: Callable[[Walk, ExecutionPoint], None], walk: Walk, state: ShellVariables, maybe: str | None) -> Walked:
    nothing = ShellScript(text="", at=Location("", 1))
    guards = (Guard(of=maybe, outcomes=frozenset({0})),) if maybe else ()
    begin(walk, ExecutionPoint(state=state, script=nothing, process=Process(), maybe=maybe, guards=guards))
    return Walked(run=walk.made(), changes=tuple(walk.changes), replacements=walk.replacements)
