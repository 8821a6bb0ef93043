"""CMD001: the acceptance commands succeeded on this commit."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.code_scopes import no_rule
from migration_audit.model.documents import CommandResult, CommandState
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Check, CheckOutput, Finding, Note, Phase, Severity, Unavailable


def run(commands: tuple[CommandResult, ...]) -> Iterator[CheckOutput]:
    """Check each configured command: run it now on request, or read the JUnit XML that CI wrote for this commit.

    Why: type checks, style checks, unit tests and integration tests must pass without the runner. A report counts only if it
    names the commit that is checked out: as a property ``commit`` in the XML, or in a file next to it
    (``junit.xml.commit``). A file's timestamp proves nothing, because a checkout sets it again.
    Fix: repair what failed. Where the result is unknown, run ``migration-audit run --commands``, or use a report of CI.
    Source: the acceptance criteria of the project, such as type checks, style checks and tests.
    """
    if not commands:
        yield no_rule("CMD001")
    unknown: list[str] = []
    advice: dict[str, None] = {}
    for result in commands:
        name = result.command if result.directory == "." else f"{result.command} (in {result.directory})"
        if result.state is CommandState.SUCCEEDED:
            yield Note(text=f"{name}: {result.summary}")
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
        todo = f" → {some_of(list(advice), between='; ')}" if advice else ""
        yield Unavailable(reason=some_of(unknown, between="; ") + todo)


CHECK = Check(
    id="CMD001",
    title="The acceptance commands succeeded on this commit",
    severity=Severity.BLOCKER,
    phases=(Phase.RETIRED,),
    run=run,
)
