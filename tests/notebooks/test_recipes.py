"""The recipes of docs/explore.md, executed as they are written."""

from __future__ import annotations

import ast
import shutil
import subprocess
from typing import Any

import psycopg
import pytest

from fix_pages import blocks
from migration_audit import workbook
from migration_audit.audit.demo import demo_root
from migration_audit.shadow.pg_dump import find_pg_dump
from migration_audit.workbook import session
from migration_audit.workbook.replay import _run

pytestmark = [pytest.mark.server, pytest.mark.timescale, pytest.mark.slow]

RECIPES = list(blocks("docs/explore.md", "python"))
INDEX = "public.positions_device_ts"


@pytest.fixture(scope="module")
def project(demo_variables, demo_cluster, tmp_path_factory):
    """A user's project with three databases, and a dump of a fourth, which has no hypertable."""
    folder = shutil.copytree(demo_root(), tmp_path_factory.mktemp("recipes") / "trm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "_current", [])
        patch.delenv("MIGRATION_AUDIT_CONFIG", raising=False)
        for name, value in demo_variables.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def results(project, server, demo_cluster):
    """What the last expression of each recipe gives, by heading; later blocks of a heading see what earlier ones set."""
    conninfo = demo_cluster.create_database("dumped")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create table public.vehicles (id int primary key, plate text not null)")
    dump = subprocess.run(
        [find_pg_dump(server), "--schema-only", "--no-owner", "--dbname", conninfo],
        capture_output=True,
        text=True,
        check=True,
    )
    (project / "dump.sql").write_text(dump.stdout)
    namespace: dict[str, Any] = {}
    found: dict[str, list[Any]] = {}
    for block in RECIPES:
        found.setdefault(block.heading, []).append(_run(block.text, namespace, block.heading))
    return found


@pytest.mark.slow
def test_there_are_six(results):
    assert len(results) == 5, "the sixth is papermill's, in a block that test_pages.py executes"
    assert [b.heading for b in blocks("docs/explore.md", "sh") if b.text.startswith("papermill ")] == [
        "Audit by papermill alone"
    ]


def test_find_drift_between_two_environments(results):
    blockers, picked, everywhere = results["Find drift between two environments"]
    assert picked.differences["severity"].unique().tolist() == ["blocker"]
    assert [d.key for d in blockers.found] == [INDEX]
    assert "missing in prod" in repr(everywhere)


def test_who_owns_what(results):
    (owned,) = results["Who owns what"]
    index = owned.set_index("key").loc[INDEX]
    assert index["expected_defined_at"].startswith("processor/src/db/migrations/")
    assert index["actual_defined_at"].startswith("directus/db-init/")


def test_which_index_does_this_upsert_use(results):
    (found,) = results["Which index does this upsert use"]
    assert found["arbiters"].tolist() == [INDEX]
    assert found["error"].isna().all()


@pytest.mark.slow
def test_what_would_the_deletion_lose(results, project):
    assert results["What would the deletion lose"][0].empty, "the owner covers the legacy side"
    owner = project / "directus" / "db-init" / "003_faulty_column.sql"
    kept = owner.read_text()
    (recipe,) = [block for block in RECIPES if block.heading == "What would the deletion lose"]
    owner.write_text("select 1;\n")
    workbook.refresh("owner")
    lost = _run(recipe.text, {"workbook": workbook}, recipe.heading)
    owner.write_text(kept)
    workbook.refresh("owner")
    assert "public.positions.faulty" in lost["key"].tolist()


def test_compare_a_dump(results):
    (found,) = results["Compare a dump"]
    assert "public.vehicles" in [d.key for d in found.found]


@pytest.mark.parametrize("block", RECIPES, ids=lambda b: b.heading)
def test_each_ends_with_what_it_shows(block):
    assert isinstance(ast.parse(block.text).body[-1], ast.Expr)
