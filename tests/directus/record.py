"""Pack cases that ``directus.run --record`` wrote: ``python -m directus.record FILE… `` keeps some of each kind."""

from __future__ import annotations

import json
import lzma
import sys
from pathlib import Path
from typing import Any

from directus.test_recorded import FILE

EACH = 80
"""Cases of each version."""


def chosen(path: Path) -> list[dict[str, Any]]:
    """Cases with drops, failures and changes first; of those without any change a few."""
    found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]

    def weight(case: dict[str, Any]) -> tuple[int, int]:
        lost = any(each.startswith("- ") for boot in case["boots"] for each in boot["changes"])
        failed = any(boot["code"] for boot in case["boots"])
        return (-len(case["boots"]) - 2 * lost - failed, case["seed"])

    ranked = sorted(found, key=weight)
    quiet = [case for case in reversed(ranked) if not any(boot["code"] or boot["changes"] for boot in case["boots"])][:10]
    return ranked[: EACH - len(quiet)] + quiet


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


if __name__ == "__main__":
    kept = [slim(case) for name in sys.argv[1:] for case in chosen(Path(name))]
    FILE.write_bytes(lzma.compress(json.dumps(kept, separators=(",", ":")).encode(), preset=9))
    print(len(kept), "cases,", FILE.stat().st_size, "bytes")
