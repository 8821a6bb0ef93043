"""What was applied of a source, in which order and how, and what was not: in a table, in text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import zip_longest
from typing import Any

from migration_audit.model.evidence import AppliedSource
from migration_audit.model.preflight import SourceFacts
from migration_audit.model.side_effects import OutsideKind
from migration_audit.report.escape import one_line
from migration_audit.report.inline import IdentifierText, Text
from migration_audit.report.table import Group, Heading, ReportTable, Row

_SHOWN_ENDS = 10
"""Files at the start and at the end of a long list that a terminal shows."""


def source_table(sources: Sequence[SourceFacts]) -> ReportTable:
    """The files of each source in apply order, with the SHA-256 of their bytes; then what is not applied, and why."""
    return ReportTable(
        caption="SQL files in apply order",
        note="",
        group_names=("Source",),
        headings=tuple(Heading(name=name) for name in ("File", "Transaction", "SHA-256")),
        groups=tuple(_group(source) for source in sources),
        nothing="Nothing to list.",
    )


def _group(source: SourceFacts) -> Group:
    rows = [
        Row((IdentifierText(path), Text(transaction or ""), IdentifierText(sha256)))
        for (path, sha256), transaction in zip_longest(source.files, source.transactions)
    ]
    rows += [
        Row(
            (
                IdentifierText(f"{each.path}:{each.line}" if each.line else each.path),
                Text(f"not applied: {each.reason}"),
                Text(""),
            )
        )
        for each in source.not_applied
    ]
    return Group(title=Text(f"{source.role}: {source.name} ({_how(source)})"), labels=(source.role,), rows=tuple(rows))


def manifest_json(sources: Sequence[SourceFacts]) -> list[dict[str, Any]]:
    """One object for each source, in apply order: ``AppliedSource`` without its role, and what it reaches for outside."""
    return [
        {k: v for k, v in asdict(AppliedSource.of(source)).items() if k != "role"}
        | {"outside": [{"at": str(one.at), "kind": one.kind.value, "text": str(one)} for one in source.outside]}
        for source in sources
    ]


def not_compared_of(source: SourceFacts) -> Iterator[str]:
    """What applying the source does to the server and other databases, each with file and line: it is not compared."""
    yield from (f"{one.at}: {one}" for one in source.outside if one.kind is OutsideKind.SERVER and one.within is None)


def manifest_text(sides: Mapping[str, Sequence[SourceFacts]]) -> str:
    """The same for the terminal, side by side name; empty where no side is SQL."""
    return "".join(line + "\n" for side, sources in sides.items() for source in sources for line in _lines(side, source))


def _lines(side: str, source: SourceFacts) -> Iterator[str]:
    count = len(source.files)
    yield f"Applied, {side}: {count} {'file' if count == 1 else 'files'} ({one_line(_how(source))})"
    files = [f"  {number}. {one_line(path)}" for number, (path, _) in enumerate(source.files, 1)]
    yield from _ends(files)
    yield from _ends([f"  not applied: {one_line(str(each))}" for each in source.not_applied])
    yield from _ends([f"  outside of its database: {one_line(f'{each.at}: {each}')}" for each in source.outside])
    yield from (f"  note: {one_line(note)}" for note in source.notes)


def _ends(lines: Sequence[str]) -> Iterator[str]:
    left_out = len(lines) - 2 * _SHOWN_ENDS
    if left_out <= 1:
        yield from lines
        return
    yield from lines[:_SHOWN_ENDS]
    yield f"  … {left_out:,} more (--format json lists them)"
    yield from lines[-_SHOWN_ENDS:]


def _how(source: SourceFacts) -> str:
    """``dbmate, one session for all files, one transaction per file``."""
    modes = sorted(set(source.transactions))
    return ", ".join(filter(None, [source.format, source.session, modes[0] if len(modes) == 1 else " or ".join(modes)]))
