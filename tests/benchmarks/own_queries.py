"""The queries of a snapshot as a script for psql: what the server's part of it takes."""

from __future__ import annotations

import os
from pathlib import Path

from migration_audit.catalog.connection import open_connection
from migration_audit.catalog.features import read_features
from migration_audit.catalog.queries import KINDS, load_query


def psql_with_own_queries(conninfo: str, folder: Path, *, programs: str | None) -> list[str]:
    """A command that sends them one after the other, and throws away the answers."""
    script = folder / "queries.sql"
    script.write_text(_own_queries(conninfo), "utf-8")
    quiet = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--output={os.devnull}")
    return [str(Path(programs or "", "psql")), *quiet, f"--file={script}", f"--dbname={conninfo}"]


def _own_queries(conninfo: str) -> str:
    with open_connection(conninfo) as connection:
        features = read_features(connection)
    names = ["features", *KINDS, "unmodelled", "damage"]
    if features.has_timescaledb:
        names[1:1] = ["hidden_relations"]
        names += [features.query_of(kind) for kind in features.timescaledb_kinds]
        names += ["unmodelled_timescaledb", "damage_timescaledb", "chunk_indexes", "chunk_drift", "job_status"]
        names.append("chunks" if features.has_slice_per_chunk else "chunks.shared_slices")
    begin = "begin isolation level repeatable read, read only;\nset local search_path to '';\nset local jit to off;\n"
    return begin + "\n".join(load_query(name).decode() for name in names) + "\ncommit;\n"
