"""SQL001: the sources are there, and their order is unambiguous."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.model.drift import Severity
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Check, Finding, Phase, Said, Told
from migration_audit.model.preflight import SourceFacts


def run(sources: tuple[SourceFacts, ...]) -> Iterator[Said]:
    """Read both sources and look at the numbers in their file names.

    Why: files are applied in name order, numeric prefixes compared as numbers. Two files with one number have no order
    that everybody agrees on; a gap may be a file that was never committed.
    And where the owner's globs take all of the legacy files, both sources are one, and nothing is compared.
    Fix: renumber one of the duplicates. Explain or fill the gap. Narrow the owner's globs in audit.toml.
    Source: seed, "Verify the directus db-init apply order is fixed".
    """
    for source in sources:
        for number, paths in source.duplicates:
            yield Finding(
                key=f"SQL001:{source.role}:{number}",
                summary=f"{source.name}: {' and '.join(paths)} both carry the number {number}: their order is ambiguous",
                expected="one file for each number",
                actual=", ".join(paths),
                where=f"{paths[-1]}:1",
            )
        gaps = f"; no file is numbered {some_of(list(map(str, source.gaps)))}" if source.gaps else ""
        count = len(source.files)
        yield Told(text=f"{source.name}: {count} {'file' if count == 1 else 'files'} in a fixed order{gaps}")
    taken = {source.role: {path for path, _ in source.files} for source in sources}
    both = sorted(set.intersection(*taken.values()))
    if both and set(both) == taken.get("legacy"):
        yield Finding(
            key="SQL001:owner:takes-legacy",
            summary="the owner's globs take every legacy file: the legacy SQL covers itself, and no coverage check can fail",
            expected="the owner's own files",
            actual=", ".join(both),
            where=f"{both[0]}:1",
        )
    elif both:
        yield Told(text=f"both sources take {some_of(both)}: what is made there covers itself")


CHECK = Check(
    id="SQL001",
    title="Each SQL source is present and its apply order is unambiguous",
    severity=Severity.BLOCKER,
    phases=(Phase.PREFLIGHT,),
    run=run,
)
