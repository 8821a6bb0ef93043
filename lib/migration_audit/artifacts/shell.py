"""Which programs a shell script starts, in which order, and what of that nobody can know without running it.

The script is never run. Its syntax tree is walked in the order in which a POSIX shell would go; what depends on a condition,
on an unknown variable or on another process is told as such and never taken for certain.
Source: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from migration_audit.artifacts.shell_calls import Walk
from migration_audit.artifacts.shell_flow import Lookup, Process, Where
from migration_audit.artifacts.shell_parse import Script
from migration_audit.artifacts.shell_words import State, Word
from migration_audit.model.image import Guard, Run
from migration_audit.model.location import Location
from migration_audit.model.unset import is_open

__all__ = ["Lookup", "Script", "run_script", "run_words"]

Environment = dict[str, str | None]


def run_script(
    script: Script,
    *,
    environment: Environment | None = None,
    folder: str | None = "/",
    files: Lookup,
    errexit: bool = False,
    maybe: str | None = None,
) -> Run:
    """What a shell does with this text. ``files`` finds the scripts that it calls.

    ``folder`` is where it starts; None where nobody can know. ``maybe``: why it may not run at all.
    """
    return _run(lambda walk, where: walk.script(where.in_script(script)), environment, folder, files, errexit, maybe)


def run_words(
    words: Sequence[str],
    at: Location,
    *,
    environment: Environment | None = None,
    folder: str | None = "/",
    files: Lookup,
    and_more: bool = False,
    maybe: str | None = None,
) -> Run:
    """What starting this program with these arguments leads to; no shell looks at the words unless one is started.

    ``and_more``: whatever else it is given behind them. ``maybe``: why it may not run at all.
    """
    given = [*(Word(word, known=not is_open(word)) for word in words), *([Word("$@", known=False)] if and_more else [])]
    return _run(lambda walk, where: walk.start(given, at, where), environment, folder, files, False, maybe)


def _run(
    begin: Callable[[Walk, Where], None],
    environment: Environment | None,
    folder: str | None,
    files: Lookup,
    errexit: bool,
    maybe: str | None,
) -> Run:
    walk = Walk(files)
    state = State(variables=dict(environment or {}), folder=folder, errexit=errexit)
    nothing = Script(text="", at=Location("", 1))
    guards = (Guard(of=maybe, outcomes=frozenset({0})),) if maybe else ()
    begin(walk, Where(state=state, script=nothing, process=Process(), maybe=maybe, guards=guards))
    return walk.made()
