"""CMD001: the acceptance commands succeeded on this commit."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.documents import no_rule
from migration_audit.model.documents import CommandResult, CommandState
from migration_audit.model.drift import Severity
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Check, Finding, Phase, Said, Told, Unavailable


def run(commands: tuple[CommandResult, ...]) -> Iterator[Said]:
    """Look at each configured command: run now on request, or read from the JUnit XML that CI made of this commit.

    Why: types, style and both kinds of tests must be clean without the runner. A report counts only when it names the commit
    that stands here: as a property ``commit`` in the XML, or in a file beside it (``junit.xml.commit``). The time of a file
    proves nothing, since a checkout sets it again.
    Fix: repair what failed. What is not known is learnt with ``migration-audit run --commands``, or with a report of CI.
    Source: seed, Acceptance criteria: "pnpm typecheck, pnpm lint, pnpm test clean", "pnpm test:integration runs green".
    """
    if not commands:
        yield no_rule("CMD001")
    unknown: list[str] = []
    advice: dict[str, None] = {}
    for result in commands:
        name = result.command if result.directory == "." else f"{result.command} (in {result.directory})"
        if result.state is CommandState.SUCCEEDED:
            yield Told(text=f"{name}: {result.summary}")
        elif result.state is CommandState.UNKNOWN:
            unknown.append(f"{name}: {result.summary}")
            advice |= {result.todo: None} if result.todo else {}
        else:
            yield Finding(
                key=f"CMD001:{result.directory}:{result.command}",
                summary=f"{name} {result.summary}",
                expected="the command succeeds",
                actual=result.detail,
                where=result.where or str(result.at),
            )
    if unknown:
        todo = f": {some_of(list(advice), between='; ')}" if advice else ""
        yield Unavailable(reason=some_of(unknown, between="; ") + todo)


CHECK = Check(
    id="CMD001",
    title="The acceptance commands succeeded on this commit",
    severity=Severity.BLOCKER,
    phases=(Phase.RETIRED,),
    run=run,
)
