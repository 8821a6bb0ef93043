"""A table in GitHub's Markdown: for job summaries and comments."""

from __future__ import annotations

from migration_audit.report import escape
from migration_audit.report.grid import Grid, Group, Row


def render(table: Grid) -> str:
    """Caption, note and a pipe table; groups are rows in bold, since Markdown has none."""
    lines = [f"**{escape.markdown(escape.one_line(table.caption))}**", ""]
    if table.note:
        lines += [escape.markdown(escape.one_line(table.note)), ""]
    if not len(table):
        return "\n".join([*lines, escape.markdown(table.nothing)]) + "\n"
    lines.append(_pipes([escape.markdown(escape.one_line(h.full)) for h in table.headings]))
    lines.append(_pipes([":-:" if h.centred else "---" for h in table.headings]))
    for item in table.shown():
        lines.append(_pipes(_cells(item, len(table.headings))))
    return "\n".join(lines) + "\n"


def _cells(item: Group | Row | str, columns: int) -> list[str]:
    if isinstance(item, Row):
        return [cell.markdown() for cell in item.cells]
    first = escape.markdown(item) if isinstance(item, str) else _title(item)
    return [first, *[""] * (columns - 1)]


def _title(group: Group) -> str:
    title = f"**{group.title.markdown()}**" if group.title else ""
    return f"{title} {escape.markdown(group.folded or '')}".strip()


def _pipes(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
