"""SQL007: no SQL file next to the applied ones is left unread."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.phases import preflight_check
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity
from migration_audit.model.preflight import COMMAND, DATABASE, SNAPSHOT, SourceFacts


def run(sources: tuple[SourceFacts, ...]) -> Iterator[CheckOutput]:
    """List the ``.sql`` files in a source's folders that neither its globs nor its format select.

    A part that psql's ``\\if`` skips, because a variable is not set that ``psql -v`` could set, is listed with its line.

    Why: what is not applied is not compared. A file in a subfolder, or one whose name the runner does not recognise, may be
    a migration that is believed to be applied.
    Fix: name the file in ``sql``, set the source's ``format``, or rename the file as the runner requires. Set the variable
    in ``variables``.
    Fine when: the runner leaves the file out as well, and a waiver states so. What a format leaves out by its own rule (down
    sections, undo files) is not a finding: SQL001 counts it, and notebook 10 lists it.
    Source: ``sources/trees.py`` for globs, ``migration-audit format explain NAME`` for formats.
    """
    for source in sources:
        for each in source.not_applied:
            if not each.by_rule:
                part = f"{each.path}:{each.line}" if each.line else each.path
                yield Finding(
                    key=f"SQL007:{source.role}:{part}",
                    summary=f"{source.name}: {part} is not applied: {each.reason}",
                    expected="applied, or left out by a rule",
                    actual=each.reason,
                    where=f"{each.path}:{each.line or 1}",
                )
        if source.format == COMMAND:
            yield Note(text=f"{source.name}: the command itself decides which files it applies")
        if source.format in {COMMAND, SNAPSHOT, DATABASE}:
            continue
        applied, left = len(source.files), sum(each.by_rule for each in source.not_applied)
        yield Note(text=f"{source.name}: {applied} applied, {left} left out by the rules of the format “{source.format}”")


CHECK = preflight_check(
    "SQL007", "Every SQL file in the folders of both sources is applied, or left out by a known rule", Severity.WARNING, run
)
