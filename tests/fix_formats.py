"""Folders for formats, without a disk."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from migration_audit.formats import MigrationFolder, Plan, find_format

A, B = "create table a ();\n", "create table b ();\n"
DROP_A, DROP_B = "drop table a;\n", "drop table b;\n"


def _hashed(previous: str, body: str) -> tuple[str, str]:
    """A committed migration of graphile-migrate, and its hash."""
    text = f"{'' if previous == '-' else previous}\n{body.strip()}".strip() + "\n"
    digest = f"sha1:{hashlib.sha1(text.encode()).hexdigest()}"
    return f"--! Previous: {previous}\n--! Hash: {digest}\n\n{body}", digest


def _committed() -> dict[str, str]:
    first, digest = _hashed("-", A)
    return {"committed/000001.sql": first, "committed/000002.sql": _hashed(digest, B)[0]}


SAMPLES: dict[str, dict[str, str]] = {
    "dbmate": {
        "1_a.sql": f"-- migrate:up\n{A}-- migrate:down\n{DROP_A}",
        "2_b.sql": f"-- migrate:up\n{B}-- migrate:down\n{DROP_B}",
    },
    "flyway": {"V1__a.sql": A, "V1.1__b.sql": B},
    "golang-migrate": {"1_a.up.sql": A, "1_a.down.sql": DROP_A, "2_b.up.sql": B, "2_b.down.sql": DROP_B},
    "goose": {
        "1_a.sql": f"-- +goose Up\n{A}-- +goose Down\n{DROP_A}",
        "2_b.sql": f"-- +goose Up\n{B}-- +goose Down\n{DROP_B}",
    },
    "graphile-migrate": _committed(),
    "liquibase-sql": {"a.sql": f"--liquibase formatted sql\n--changeset ann:1\n{A}--changeset ann:2\n{B}"},
    "node-pg-migrate": {
        "1_a.sql": f"-- Up Migration\n{A}-- Down Migration\n{DROP_A}",
        "2_b.sql": f"-- Up Migration\n{B}-- Down Migration\n{DROP_B}",
    },
    "prisma": {
        "migration_lock.toml": 'provider = "postgresql"\n',
        "20260101120000_a/migration.sql": A,
        "20260201120000_b/migration.sql": B,
    },
    "sqitch": {
        "sqitch.conf": "[core]\n\tengine = pg\n",
        "sqitch.plan": (
            "%syntax-version=1.0.0\n%project=x\n\nz 2026-01-01T00:00:00Z A <a@x> # z\n"
            "a [z] 2026-01-02T00:00:00Z A <a@x> # a\n"
        ),
        "deploy/z.sql": A,
        "deploy/a.sql": B,
        "revert/z.sql": DROP_A,
        "revert/a.sql": DROP_B,
    },
    "sql-migrate": {
        "1_a.sql": f"-- +migrate Up\n{A}-- +migrate Down\n{DROP_A}",
        "2_b.sql": f"-- +migrate Up\n{B}-- +migrate Down\n{DROP_B}",
    },
    "sqlx": {"1_a.sql": f"-- no-transaction\n{A}", "2_b.sql": B},
}
"""For each format a folder that makes the tables a and b."""


def tree(
    files: Mapping[str, str | bytes],
    shown: str = "db",
    *,
    is_whole: bool = True,
    other: Mapping[str, str | bytes] | None = None,
    not_chosen: tuple[str, ...] = (),
) -> MigrationFolder:
    """A folder with these files; ``other`` ones are around it, by their paths from it."""
    contents = _bytes(files)
    return MigrationFolder(
        shown=shown,
        paths=tuple(sorted(contents)),
        read=contents.__getitem__,
        root=f"/{shown}",
        is_whole=is_whole,
        not_chosen=lambda: not_chosen,
        other={**contents, **_bytes(other or {})}.get,
    )


def _bytes(files: Mapping[str, str | bytes]) -> dict[str, bytes]:
    return {path: text if isinstance(text, bytes) else text.encode() for path, text in files.items()}


def plan(form: str, *trees: MigrationFolder, placeholders: Mapping[str, str] | None = None) -> Plan:
    """What the format of this name makes of the folders."""
    return find_format(form).plan(trees, placeholders or {})


def applied(found: Plan) -> list[tuple[str, str]]:
    """Path and applied text of each step, spaces and line ends folded."""
    return [(file.path, " ".join(file.text.decode().split())) for file in found.files]
