"""What TimescaleDB made of its settings: chunks, and how jobs go, told apart from the settings themselves."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from migration_audit.catalog.connection import sent_at_once
from migration_audit.catalog.features import Features
from migration_audit.catalog.queries import load_query
from migration_audit.catalog.rows import instance_rows
from migration_audit.model.identifiers import dotted
from migration_audit.model.snapshot import HypertableChunks
from migration_audit.model.timescale_jobs import JobStatus


def read_chunks(connection: psycopg.Connection[Any], features: Features, limits: list[str]) -> tuple[HypertableChunks, ...]:
    """The chunks of each hypertable, by name; nothing, and a sentence in ``limits``, where it takes too long.

    They are many where a schema is small, so that they may not cost the snapshot.
    """
    name = "chunks" if features.has_slice_per_chunk else "chunks.shared_slices"
    try:
        with connection.transaction(), sent_at_once(connection):
            found = connection.cursor(row_factory=instance_rows(HypertableChunks)).execute(load_query(name))
            lacks = connection.execute(load_query("chunk_indexes"))
            tables = found.fetchall()
            missing = _by_table(lacks.fetchall())
    except psycopg.errors.DatabaseError as error:
        if connection.info.transaction_status is not TransactionStatus.INTRANS:
            raise
        limits.append(f"The chunks of the hypertables were not looked at: {error.diag.message_primary}.")
        return ()
    return tuple(replace(one, missing_indexes=missing[one.schema, one.table]) for one in tables)


def read_jobs(connection: psycopg.Connection[Any], limits: list[str]) -> tuple[JobStatus, ...]:
    """How each job goes, by number; nothing, and a sentence in ``limits``, where the statistics cannot be read."""
    try:
        with connection.transaction(), connection.cursor(row_factory=instance_rows(JobStatus)) as cursor:
            return tuple(cursor.execute(load_query("job_status")).fetchall())
    except psycopg.errors.DatabaseError as error:
        if connection.info.transaction_status is not TransactionStatus.INTRANS:
            raise
        limits.append(f"How the jobs go was not looked at: {error.diag.message_primary}.")
        return ()


def _by_table(rows: list[Any]) -> defaultdict[tuple[str, str], tuple[tuple[str, int], ...]]:
    missing: defaultdict[tuple[str, str], tuple[tuple[str, int], ...]] = defaultdict(tuple)
    for schema, table, index, chunks in rows:
        missing[schema, table] += ((dotted(schema, index), chunks),)
    return missing
