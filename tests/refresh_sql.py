"""Write the blocks that queries of the catalog share, and the queries for older TimescaleDBs (``make sql``; ``--check``).

A block is between ``-- <name key=value>`` and ``-- </name>`` in catalog/sql; its text is catalog/fragments/name.sql, without
the first line, indented as the mark. So each query stays one file that psql runs.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from string import Template

CATALOG = Path(__file__).resolve().parents[1] / "lib/migration_audit/catalog"
QUERIES = CATALOG / "sql"
_BLOCK = re.compile(
    r"(?ms)^(?P<indent> *)-- <(?P<name>\w+)(?P<values>(?: \w+=\S+)*)>\n.*?^(?P=indent)-- </(?P=name)>$",
)
_SLICES = "      join _timescaledb_catalog.chunk as chu on chu.id = sli.chunk_id\n"
_SHARED_SLICES = (
    "      join _timescaledb_catalog.chunk_constraint as con on con.dimension_slice_id = sli.id\n"
    "      join _timescaledb_catalog.chunk as chu on chu.id = con.chunk_id\n"
    "      join pg_catalog.pg_namespace as nsp on nsp.nspname = chu.schema_name\n"
    "      join pg_catalog.pg_class as rel on rel.relnamespace = nsp.oid and rel.relname = chu.table_name\n"
)
VARIANTS = {
    "chunks.shared_slices.sql": (
        "chunks.sql",
        {
            "-- For TimescaleDB 2.28 and later, where each chunk has its own slices.": (
                "-- For TimescaleDB before 2.28, where chunks share slices. "
                "A chunk without a table is one that was dropped (until 2.25)."
            ),
            _SLICES: _SHARED_SLICES,
        },
    ),
    "jobs.in_config.sql": (
        "jobs.sql",
        {
            "-- For TimescaleDB 2.25 and later.": "-- For TimescaleDB before 2.25.",
            "from _timescaledb_catalog.bgw_job as bgw": "from _timescaledb_config.bgw_job as bgw",
        },
    ),
}
"""The query for an older layout: the file that it is made of, and what is written differently in it."""


def _with_blocks(text: str) -> str:
    return _BLOCK.sub(_block, text)


def _block(match: re.Match[str]) -> str:
    indent, name = match["indent"], match["name"]
    values = dict(value.split("=", 1) for value in match["values"].split())
    body = (CATALOG / "fragments" / f"{name}.sql").read_text("utf-8").split("\n", 1)[1].rstrip("\n")
    lines = [f"{indent}{line}".rstrip() for line in Template(body).substitute(values).split("\n")]
    return "\n".join([f"{indent}-- <{name}{match['values']}>", *lines, f"{indent}-- </{name}>"])


def generated() -> dict[Path, str]:
    """The text that each query must have."""
    texts = {path: _with_blocks(path.read_text("utf-8")) for path in sorted(QUERIES.glob("*.sql"))}
    for name, (base, changes) in VARIANTS.items():
        text = texts[QUERIES / base]
        for old, new in changes.items():
            if text.count(old) != 1:
                raise ValueError(f"{base} has {text.count(old)} times: {old}")
            text = text.replace(old, new)
        texts[QUERIES / name] = text
    return texts


def outdated() -> list[str]:
    """The queries whose text is another one."""
    return [path.name for path, text in generated().items() if path.read_text("utf-8") != text]


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(f"run `make sql`: {', '.join(outdated())}" if outdated() else 0)
    for path, text in generated().items():
        path.write_text(text, encoding="utf-8")
