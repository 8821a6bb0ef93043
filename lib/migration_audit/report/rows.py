"""The rows that the SQL of two sides leaves behind, and what was applied of each source: as tables, text and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import asdict
from itertools import zip_longest
from typing import Any

from migration_audit.model.enumeration import first_lines, with_rest
from migration_audit.model.evidence import AppliedSource
from migration_audit.model.preflight import SourceFacts
from migration_audit.model.rows import RowsComparison, TableComparison
from migration_audit.model.side_effects import OutsideKind, SourceUndone, Undoing, Undone
from migration_audit.report.escape import one_line
from migration_audit.report.grid import plain_headings
from migration_audit.report.inline import IdentifierText, Text
from migration_audit.report.table import Group, ReportTable, Row, plain_table

_MOST_SHOWN = 20
"""Lines of one side that a terminal shows."""


def rows_text(rows: RowsComparison | None) -> str:
    """A block for the terminal; empty where there is nothing to say."""
    lines = [f"  {one_line(line)}" for line in _lines(rows)] if rows else []
    head = "Rows that the SQL writes (COV014, a warning, not part of the verdict):"
    return "\n".join([head, *lines]) + "\n" if lines else ""


def rows_table(rows: RowsComparison) -> ReportTable:
    """Each table in which a source leaves rows: how many on both sides, and what is different; never a value."""
    return plain_table(
        "Rows that migrations write",
        ("Table", "Expected", "Actual", "Different", "Left out"),
        map(_row, rows.tables),
        note="Rows are compared by digests; no value is stored.",
        nothing="Neither source writes rows that can be compared.",
    )


def _lines(rows: RowsComparison) -> Iterator[str]:
    yield from (f"{one}" + (f" (written at {one.where})" if one.where else "") for one in rows.differing)
    yield from (
        f"{one}" + (": the next row may get a number that is in use" if one.is_behind else "") for one in rows.sequences
    )
    for one in rows.tables:
        if not one.differs and one.extra:
            yield str(one)
        if one.counted_because:
            yield f"{one.table}: only the number of rows was compared: {one.counted_because}"
        yield from (f"{one.table}.{column} is left out: {reason}" for column, reason in one.left_out)
    yield from rows.unread
    yield from rows.notes


def _row(one: TableComparison) -> Row:
    left_out = [f"{column}: {reason}" for column, reason in one.left_out]
    cells = (
        IdentifierText(one.table),
        Text(f"{one.expected:,}"),
        Text(f"{one.actual:,}" if one.is_there else "no such table"),
        Text(", ".join(one.details) or ("all missing" if one.differs else "–"), strong=one.differs),
        Text("; ".join(filter(None, [one.counted_because, *left_out])) or "–", muted=True),
    )
    return Row(cells, marked=one.differs)


def undone_text(sides: Mapping[str, SourceUndone | None]) -> str:
    """A block for the terminal: what a file undoes of its own changes first; empty if there is nothing to report.

    What is only replaced is left to the JSON; what all of several sides create and remove later is counted.
    """
    found = [{(one.kind, one.name, one.how) for one in _ordinary(source)} for source in sides.values()]
    common = set.intersection(*found) if len(found) > 1 else set[tuple[str, str, Undoing]]()
    lines = [line for side, source in sides.items() if source for line in _undone_lines(side, source, common)]
    if common:
        lines.append(f"  the same on both sides: {len(common):,} (--format json lists them)")
    head = "Created and removed again (SQL006, not part of the verdict):"
    return "\n".join([head, *lines]) + "\n" if lines else ""


def undone_json(sides: Mapping[str, SourceUndone | None]) -> list[dict[str, Any]]:
    """One object for each thing that is taken away again; names and shape are a contract."""
    return [_body(side, one) for side, source in sides.items() if source for one in source.undone]


def _ordinary(source: SourceUndone | None) -> list[Undone]:
    """What later migrations usually remove of earlier ones."""
    return [one for one in source.undone if not (one.is_replaced or one.is_suspicious)] if source else []


def _undone_lines(side: str, source: SourceUndone, common: Set[tuple[str, str, Undoing]]) -> Iterator[str]:
    if source.unknown:
        yield f"  {side}: {one_line(source.unknown.reason)}"
    if source.leaves_nothing:
        yield f"  {side}: everything that it creates is removed again: nothing of it was compared"
    lines = [f"{one_line(str(one))}; was a down section applied?" for one in source.undone if one.is_suspicious]
    lines += [one_line(str(one)) for one in _ordinary(source) if (one.kind, one.name, one.how) not in common]
    for line in first_lines(lines, most=_MOST_SHOWN, rest="… {:,} more (--format json lists them)"):
        yield f"  {side}: {line}"


def _body(side: str, one: Undone) -> dict[str, Any]:
    return {
        "side": side,
        "kind": one.kind,
        "object": one.name,
        "how": one.how.value,
        "created_at": str(one.made) if one.made else None,
        "undone_at": str(one.undone),
        "created_again_at": str(one.again) if one.again else None,
        "suspicious": one.is_suspicious,
    }


_SHOWN_ENDS = 10
"""Files at the start and at the end of a long list that a terminal shows."""


def source_table(sources: Sequence[SourceFacts]) -> ReportTable:
    """The files of each source in apply order, with the SHA-256 of their bytes; then what is not applied, and why."""
    return ReportTable(
        caption="SQL files in apply order",
        note="",
        group_names=("Source",),
        headings=plain_headings("File", "Transaction", "SHA-256"),
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
    found = (f"{one.at}: {one}" for one in source.outside if one.kind is OutsideKind.SERVER and one.within is None)
    yield from dict.fromkeys(found)  # a line may have two statements of one kind


def manifest_text(sides: Mapping[str, Sequence[SourceFacts]]) -> str:
    """The same for the terminal, side by side name; empty where no side is SQL."""
    return "".join(
        line + "\n" for side, sources in sides.items() for source in sources for line in _manifest_lines(side, source)
    )


def _manifest_lines(side: str, source: SourceFacts) -> Iterator[str]:
    count = len(source.files)
    yield f"Applied, {side}: {count} {'file' if count == 1 else 'files'} ({one_line(_how(source))})"
    files = [f"  {number}. {one_line(path)}" for number, (path, _) in enumerate(source.files, 1)]
    yield from _ends(files)
    left_out: dict[str, list[str]] = {}
    for each in source.not_applied:
        left_out.setdefault(each.reason if each.by_rule else str(each), []).append(one_line(str(each)))
    yield from _ends([f"  not applied: {with_rest(found[0], len(found))}" for found in left_out.values()])
    yield from _ends(
        [f"  outside of its database: {one_line(at)}" for at in dict.fromkeys(f"{o.at}: {o}" for o in source.outside)]
    )
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
    named = "plain files" if source.format == "files" else source.format
    if not source.files and named == "plain files":
        return "no files"
    return ", ".join(filter(None, [named, source.session, modes[0] if len(modes) == 1 else " or ".join(modes)]))
