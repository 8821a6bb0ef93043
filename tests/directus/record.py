"""Pack cases that ``directus.run --record`` wrote: ``python -m directus.record --whole FILE FILE…``.

All cases of the first file are kept, as those by which something was mended; of the others some of each kind.
"""

from __future__ import annotations

import argparse
import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from directus.test_recorded import FILE

EACH = 55
"""Cases of each version, beside the whole file."""


def chosen(cases: list[dict[str, Any]], whole: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Cases until each mutation is there with each outcome that it had, those with the most that is new first."""
    left, kept = list(cases), list[dict[str, Any]]()
    seen: set[tuple[str, str]] = {facet for case in whole for facet in _facets(case)}
    while left and len(kept) < EACH:
        best = max(left, key=lambda case: len(set(_facets(case)) - seen) / (1 + 0.2 * len(case["kinds"])))
        left.remove(best)
        seen |= set(_facets(best))
        kept.append(best)
    return kept


def _facets(case: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Mutation and outcome: of the alphabet of failures and lost objects, not of their names."""
    for boot in case["boots"]:
        words = " ".join(w for w in boot["message"].rpartition(" - ")[2].split() if w.isalpha())
        outcomes = {"nothing"} if not boot["changes"] and not boot["code"] else {words} if boot["code"] else set()
        outcomes |= {" ".join(each.split()[:2]) for each in boot["changes"]}
        for outcome in outcomes:
            yield "", outcome
            if boot["code"] or outcome.startswith("-") or outcome == "nothing":
                yield from ((kind, "failed" if boot["code"] else outcome) for kind in case["kinds"])


def slim(case: dict[str, Any]) -> dict[str, Any]:
    """Without those columns of Directus's own tables that nobody refers to."""
    before = case["before"]
    rows = {(row["collection"], row["field"]) for row in before["fields"]}
    keys = before["foreign_keys"]
    used = {(key["table"], c) for key in keys for c in key["columns"]}
    used |= {(key["foreign_table"], c) for key in keys for c in key["foreign_columns"]}
    for table in before["tables"]:
        name = table["name"]
        if name.startswith("directus_") and name not in {"directus_collections", "directus_fields", "directus_relations"}:
            kept = {c for part in ("keys", "indexes") for each in table[part] for c in each["columns"]}
            pairs = ((column, (name, column["name"])) for column in table["columns"])
            table["columns"] = [c for c, pair in pairs if c["name"] in kept or pair in used or pair in rows]
    return case


def _cases(paths: list[Path]) -> list[dict[str, Any]]:
    return [json.loads(line) for path in paths for line in path.read_text("utf-8").splitlines()]


def main() -> None:
    """Replace the recorded file."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--whole", type=Path, action="append", default=[])
    parser.add_argument("files", type=Path, nargs="*")
    given = parser.parse_args()
    whole, found = _cases(given.whole), _cases(given.files)
    kept = [slim(case) for case in whole]
    for version in sorted({case["version"] for case in found}):
        own = [one for one in whole if one["version"] == version]
        kept += [slim(case) for case in chosen([one for one in found if one["version"] == version], own)]
    FILE.write_bytes(lzma.compress(json.dumps(kept, separators=(",", ":")).encode(), preset=9))
    print(len(kept), "cases,", FILE.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
