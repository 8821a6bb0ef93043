"""SQL004 on real servers: what a legacy statement made, looked up on the owner's side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from migration_audit import sources
from migration_audit.audit.preflight.shadows import build_shadow
from migration_audit.compare import compare, with_effects

pytestmark = pytest.mark.server

LEGACY = """create schema s;
create table s.t (a integer, b text);
create index t_a on s.t (a);
create index t_b on s.t (b);
alter table s.t add column c bigint;
comment on table s.t is 'x';
grant select on s.t to reader;
insert into s.t values (1, 'x', 2);
set work_mem = '4MB';
create view s.v as select a from s.t;
create table s.gone (z integer primary key);
"""
OWNER = """CREATE SCHEMA s;
create table s.t (a integer, b text, c integer);
create index t_a
  on s.t (a);
create index t_b on s.t (b desc);
comment on table s.t is 'x';
create view s.v as select t.a as a from s.t;
"""
TOLD = {
    1: ("normalised", 1, ()),
    2: ("same effect", 2, ()),
    3: ("normalised", 3, ()),
    4: ("different", 5, ("index s.t_b",)),
    5: ("different", 2, ("column s.t.c",)),
    6: ("byte-identical", 6, ()),
    7: ("different", 2, ("table s.t",)),
    8: ("no schema", None, ()),
    9: ("no schema", None, ()),
    10: ("same effect", 7, ()),
    11: ("absent", None, ("column s.gone.z", "constraint s.gone.gone_pkey", "index s.gone_pkey")),
}


@pytest.fixture(scope="module")
def reported(server: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[str, int | None, tuple[str, ...]]]:
    folder: Path = tmp_path_factory.mktemp("effects")
    read, built = [], []
    for name, text in (("legacy", LEGACY), ("owner", OWNER)):
        (folder / f"{name}.sql").write_text(text, encoding="utf-8")
        read.append(sources.load_source(name, [folder / f"{name}.sql"], shown_from=folder))
        with server.cluster() as cluster:
            built.append(build_shadow(cluster, "side", [read[-1]])[0])
    legacy, owner = built
    coverage = compare(expected=legacy.snapshot, actual=owner.snapshot)
    matches = with_effects(
        sources.match_statements(*read),
        coverage,
        legacy=legacy.snapshot,
        legacy_origins=legacy.origins,
        owner_origins=owner.origins,
    )
    short = {"identical except for whitespace and comments": "normalised"}
    return {
        m.legacy.line: (short.get(m.similarity, str(m.similarity)), m.owner.line if m.owner else None, m.differing)
        for m in matches
    }


@pytest.mark.parametrize("line", TOLD)
def test_a_legacy_statement_is_found_in_its_effect(
    reported: dict[int, tuple[str, int | None, tuple[str, ...]]], line: int
) -> None:
    assert reported[line] == TOLD[line]
