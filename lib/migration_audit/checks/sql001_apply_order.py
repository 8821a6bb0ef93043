"""SQL001: the sources are present, and their order is unambiguous."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from migration_audit.checks.phases import preflight_check
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity
from migration_audit.model.preflight import COMMAND, DATABASE, SNAPSHOT, SourceFacts


def run(sources: tuple[SourceFacts, ...]) -> Iterator[CheckOutput]:
    """Read both sources as their formats define, and check the numbers or versions in their file names.

    Why: for plain files, numeric prefixes are compared as numbers; every other format uses the order of its runner
    (``migration-audit format explain NAME``). The order of two files with the same number is ambiguous, unless audit.toml
    lists the files one by one; a gap may be a file that was never committed.
    If the owner's globs match all legacy files, both sources are the same, and nothing is compared.
    Fix: renumber one of the duplicates. Explain or fill the gap. Narrow the owner's globs in audit.toml.
    Source: the format of each source, ``migration-audit format explain NAME``.
    """
    for source in sources:
        for number, paths in source.duplicates:
            named, every = some_of(paths), "both" if len(paths) == 2 else "all"
            yield Finding(
                key=f"SQL001:{source.role}:{number}",
                summary=f"{source.name}: {named} {every} have the number {number}: their order is ambiguous",
                expected="one file for each number",
                actual=", ".join(paths),
                where=f"{paths[-1]}:1",
            )
        yield Note(text=f"{source.name}: {_in_order(source)}")
        if source.not_applied:
            yield Note(text=f"{source.name}: not applied: {_reasons(source)}")
        yield from (Note(text=f"{source.name}: {note}") for note in source.notes)
    taken = {source.role: {path for path, _ in source.files} for source in sources}
    both = sorted(set.intersection(*taken.values()))
    if both and set(both) == taken.get("legacy"):
        yield Finding(
            key="SQL001:owner:takes-legacy",
            summary="the owner's globs match every legacy file: the legacy SQL is compared with itself, so no coverage "
            "check can fail",
            expected="the owner's own files",
            actual=", ".join(both),
            where=f"{both[0]}:1",
        )
    elif both:
        yield Note(text=f"both sources contain {some_of(both)}: what these files create is compared with itself")


def _in_order(source: SourceFacts) -> str:
    if source.format in {SNAPSHOT, DATABASE}:
        return f"a {source.format}, and no files that are applied"
    if source.format == COMMAND:
        return f"a command, and {_counted(len(source.files), 'file')} that audit.toml names for it"
    gaps = f"; no file is numbered {some_of(list(map(str, source.gaps)))}" if source.gaps else ""
    return f"{_counted(len(source.files), 'file')} in a fixed order{_how(source)}{gaps}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _how(source: SourceFacts) -> str:
    """The format with its rules; plain files need no words."""
    if source.format == "files":
        return ""
    modes = " or ".join(sorted(set(source.transactions)))
    return f" ({', '.join(filter(None, [source.format, source.session, modes]))})"


def _reasons(source: SourceFacts) -> str:
    """``2 × down section, 1 × undo migration``: the manifest of notebook 10 lists each."""
    counted = Counter(each.reason for each in source.not_applied)
    return some_of([f"{number} × {reason}" for reason, number in counted.most_common()])


CHECK = preflight_check("SQL001", "Each SQL source is present and its apply order is unambiguous", Severity.BLOCKER, run)
