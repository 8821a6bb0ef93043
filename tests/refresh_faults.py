"""Write docs/faults.md from the tables of the suite: what can go wrong, and what a user sees then."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "faults.md"
sys.path.insert(0, str(HERE))

HEAD = """# What goes wrong, and what you see then

Written by `python tests/refresh_faults.py` from the tables of the tests; each row is provoked there on a real server.
The columns have what message and advice contain. The exit code is 3 in all of them (could not audit): a check that could
not read what it needs never passes, and nothing is left behind.
`make faults` breaks thousands of connections at random bytes and kills hundreds of random processes of a run.
"""

SINGLE = HERE / "production" / "faults_without_table.txt"
"""Tests that are no tables: which, the part, what goes wrong, what is said."""


def rows() -> Iterator[tuple[str, str, str, str]]:
    """Part, fault, what is said and what it advises to do."""
    from database.test_connect_errors import REFUSED
    from database.test_servers_fault import SERVERS
    from notebooks.test_bad_input import UNREACHABLE
    from production.test_damaged import DAMAGES
    from production.test_faults import DENIED

    for name, (_, state, said, advice) in REFUSED.items():
        yield "Connecting", name, f"{said}{f' (SQLSTATE {state})' if state else ''}", f"… {advice} …"
    for name, (_, said) in UNREACHABLE.items():
        yield "Environment", name, said, ""
    for name in DENIED:
        yield "Environment", name, "cannot connect, or the catalog cannot be read: … (the server's message)", ""
    for name, (_, _, said) in DAMAGES.items():
        yield "Damaged catalog", name, f"the catalog is damaged: … {said}", "restore what is lost"
    for name in SERVERS:
        yield "Shadow server", name, "the server failed … nothing is known about the SQL", ""
    for line in SINGLE.read_text("utf-8").splitlines():
        test, part, name, said = line.split(" | ")
        path, _, function = test.partition("::")
        tree = ast.parse((HERE / path).read_text("utf-8"))
        if not any(isinstance(node, ast.FunctionDef) and node.name == function for node in tree.body):
            raise LookupError(test)
        yield part, name, said, ""


def page() -> str:
    """The text of docs/faults.md."""
    found = list(rows())
    parts = [HEAD]
    for part in dict.fromkeys(row[0] for row in found):
        parts.append(f"\n## {part}\n\n| fault | message | what to do |\n|---|---|---|\n")
        parts += [f"| {name} | {_cell(said)} | {_cell(advice)} |\n" for each, name, said, advice in found if each == part]
    return "".join(parts)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
