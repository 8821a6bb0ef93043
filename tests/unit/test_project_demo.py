"""The demo's files as they lie on disk: an audit.toml that fits the seed, two teams' SQL, three histories."""

import shutil
from pathlib import Path

import pytest

from migration_audit.demo import copy_tree, histories
from migration_audit.model.errors import UsageError
from migration_audit.project import Project, load_project


@pytest.fixture
def trm(tmp_path: Path) -> Path:
    return copy_tree(tmp_path / "trm")


@pytest.fixture
def project(trm: Path) -> Project:
    return load_project(trm / "audit.toml")


def files(project: Project, side: str) -> list[str]:
    source = getattr(project, side)
    return sorted(str(path.relative_to(source.root)) for glob in source.sql for path in source.root.glob(glob))


def test_the_sources_are_those_of_the_seed(project: Project) -> None:
    migrations = "processor/src/db/migrations"
    assert files(project, "legacy") == [f"{migrations}/0001_positions.sql", f"{migrations}/0002_positions_faulty.sql"]
    names = ["001_extensions.sql", "002_positions_hypertable.sql", "003_faulty_column.sql"]
    assert files(project, "owner") == [f"directus/db-init/{name}" for name in names]


def test_environments_are_named_and_no_connection_is_written_down(project: Project) -> None:
    assert {e.name: e.dsn_env for e in project.environments} == {
        "dev": "TRM_DEV_DSN",
        "stage": "TRM_STAGE_DSN",
        "prod": "TRM_PROD_DSN",
    }
    assert {e.writer_role for e in project.environments} == {"processor"}
    assert (project.legacy.role, project.owner.role) == ("processor", "directus")


def test_the_ledgers_have_one_name_in_two_schemas(project: Project) -> None:
    assert project.legacy.ledger is not None
    assert project.owner.ledger is not None
    assert project.legacy.ledger.key == "processor.migrations_applied"
    assert project.owner.ledger.key == "directus.migrations_applied"


@pytest.mark.parametrize(
    ("key", "excluded"),
    [
        ("public.positions", False),
        ("public.directus_users", True),
        ("public.devices", True),
        ("public.vehicles", True),
        ("public.devices_by_hand", False),
    ],
)
def test_scope_leaves_out_what_directus_manages(project: Project, key: str, excluded: bool) -> None:
    assert any(rule.matches(kind="table", key=key) for rule in project.scope.exclude) is excluded


def test_the_upsert_names_its_arbiter(project: Project) -> None:
    upsert = next(probe for probe in project.probes if "ON CONFLICT (device_id, ts) DO NOTHING" in probe.sql)
    assert upsert.arbiter == "public.positions_device_ts"


def test_the_two_teams_wrote_their_own_text(project: Project) -> None:
    texts = {
        side: {(getattr(project, side).root / name).read_text() for name in files(project, side)}
        for side in ("legacy", "owner")
    }
    assert not texts["legacy"] & texts["owner"]


def test_each_environment_has_a_history_with_files_that_exist(trm: Path, project: Project) -> None:
    reported = histories(trm)
    assert [history.environment for history in reported] == [environment.name for environment in project.environments]
    for history in reported:
        assert all(file.is_relative_to(trm) and file.is_file() for step in history.steps for file in step.files)


def test_every_file_of_the_demo_is_part_of_some_history(trm: Path) -> None:
    used = {file for history in histories(trm) for step in history.steps for file in step.files}
    assert used == set(trm.rglob("*.sql"))


def test_a_tree_without_sql_is_refused(trm: Path) -> None:
    shutil.rmtree(trm / "directus/db-init")
    with pytest.raises(UsageError, match=r"db-init: no SQL file"):
        histories(trm)


def test_a_copy_never_overwrites(trm: Path) -> None:
    with pytest.raises(UsageError, match="already exists"):
        copy_tree(trm)
