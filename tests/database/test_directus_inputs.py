"""The SNAP checks on the demo: its snapshot file, its image, its three live databases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import fix_directus
from migration_audit.audit.case import directus_boots
from migration_audit.audit.demo import demo_root
from migration_audit.audit.inputs.boot import boot_inputs
from migration_audit.audit.inputs.directus import deployment_of, directus_inputs
from migration_audit.audit.live import Live, read_live
from migration_audit.audit.preflight.loading import load
from migration_audit.audit.preflight.shadows import Shadow, apply_to, roles_of
from migration_audit.checks import BY_ID, judge
from migration_audit.model.directus import DirectusLive, DirectusRuntime, TargetVersion
from migration_audit.model.directus_database import DirectusDatabase
from migration_audit.model.finding import CheckResult, Outcome, Phase, Unavailable
from migration_audit.model.image import Image, Stage, StartedCommand, StartOutcome
from migration_audit.model.location import Location
from migration_audit.project import Project, load_project
from migration_audit.sources import find_destructions

pytestmark = [pytest.mark.server, pytest.mark.timescale]
AT = Location("directus/Dockerfile", 1)
OWNER = DirectusDatabase(tables=(fix_directus.POSITIONS_TABLE,))
NAMES = {"directus_snapshot", "directus_target", "raw_tables", "directus_live", "directus_runtime", "post_changes"}


def image(base: str = "directus/directus:11.17.4", *words: str) -> Image:
    commands = (StartedCommand(words=words, at=Location("directus/entrypoint.sh", 9)),) if words else ()
    stage = Stage(name="0", base=base, at=AT, copies=(), runs=StartOutcome())
    return Image(
        dockerfile="directus/Dockerfile",
        stages=(stage,),
        start=StartOutcome(commands=commands),
        test=None,
        ports=(),
        base=base,
    )


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(demo_root() / "audit.toml")


@pytest.fixture(scope="module")
def owner(cluster: Any, project: Project) -> Iterator[Shadow]:
    conninfo = cluster.create_database("directus_owner")
    yield apply_to(conninfo, [load(project, project.owner)], roles=roles_of(cluster))
    cluster.drop_database("directus_owner")


@pytest.fixture
def live(
    request: pytest.FixtureRequest,
    demo_variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    project: Project,
    owner: Shadow,
) -> Live:
    for name, value in demo_variables.items():
        monkeypatch.setenv(name, value)
    assert owner.snapshot is not None
    return read_live(project, project.environment(request.param), owner=owner.snapshot)


def made(project: Project, owner: Shadow, live: Live, **given: Any) -> dict[str, Any]:
    assert owner.snapshot is not None
    return directus_inputs(
        project,
        deployment_of(project, **{"image": image(), "variables": {}, **given}),
        owner=owner.snapshot,
        owner_origins=owner.origins,
        live=live.facts["live"],
        directus=live.directus,
    )


def judged(project: Project, environment: str, inputs: dict[str, Any]) -> dict[str, CheckResult]:
    boots = directus_boots({"directus_owner": OWNER}, inputs, project.environment(environment))
    inputs = {**inputs, "directus_boots": boots}
    checks = [BY_ID[f"SNAP00{n}"] for n in range(1, 9)]
    given = {**inputs, "environment": project.environment(environment)}
    return {result.id: result for result in judge(checks, given, Phase.PREFLIGHT)}


def keys(results: dict[str, CheckResult]) -> list[str]:
    return [finding.key for result in results.values() for finding in result.findings]


@pytest.mark.parametrize(
    ("live", "environment", "expected"),
    [
        ("dev", "dev", ["SNAP007:public.positions", "SNAP008:dev:public.positions"]),
        ("stage", "stage", ["SNAP007:public.positions"]),
        ("prod", "prod", ["SNAP003:prod:public.positions", "SNAP007:public.positions"]),
    ],
    indirect=["live"],
)
def test_the_demos_databases_are_distinguished(
    project: Project, owner: Shadow, live: Live, environment: str, expected: list[str]
) -> None:
    inputs = made(project, owner, live)
    assert inputs.keys() == NAMES
    results = judged(project, environment, inputs)
    assert keys(results) == expected
    decided = {name for name, r in results.items() if r.outcome in {Outcome.PASSED, Outcome.FAILED}}
    assert decided >= set(results) - {"SNAP006"}


@pytest.mark.parametrize("live", ["prod"], indirect=True)
def test_a_table_that_directus_tracks_and_does_not_own_is_reported_with_what_saves_it(
    project: Project, owner: Shadow, live: Live
) -> None:
    (finding,) = judged(project, "prod", made(project, owner, live))["SNAP003"].findings
    assert "each boot: schema apply stops with `must be owner of table positions` (exit code 1)" in finding.summary
    assert finding.where == "directus/db-init/002_positions_hypertable.sql:7"


@pytest.mark.parametrize("live", ["dev"], indirect=True)
def test_guards_are_read_from_the_service_and_its_entrypoint(project: Project, owner: Shadow, live: Live) -> None:
    excluded = made(project, owner, live, variables={"DB_EXCLUDE_TABLES": "array:positions,migrations_applied"})
    apply = ("npx", "directus", "schema", "apply", "--yes", "--ignoreRules", "positions", "./schema.yaml")
    ignored = made(project, owner, live, image=image("directus/directus:11.17.4", *apply))
    forgotten = made(
        project,
        owner,
        live,
        run=StartOutcome(
            commands=(*image("x", *apply).start.commands, *image("x", "directus", "schema", "apply").start.commands)
        ),
    )
    assert excluded["directus_runtime"] == DirectusRuntime(excluded=frozenset({"positions", "migrations_applied"}))
    assert ignored["directus_runtime"] == DirectusRuntime(
        ignored=frozenset({"positions"}),
        files=("./schema.yaml",),
        calls=(("--yes", "--ignoreRules", "positions", "{file}"),),
    )
    assert forgotten["directus_runtime"].ignored == frozenset()
    spaced = made(project, owner, live, variables={"DB_EXCLUDE_TABLES": "zones, positions"})
    assert keys(judged(project, "dev", spaced))[-1] == "SNAP008:dev:public.positions"  # Directus does not trim names
    for inputs, said in ((excluded, "DB_EXCLUDE_TABLES"), (ignored, "--ignoreRules")):
        result = judged(project, "dev", inputs)["SNAP008"]
        assert (result.outcome, result.reason) == (Outcome.PASSED, f"positions is guarded by {said}")


@pytest.mark.parametrize("live", ["stage"], indirect=True)
def test_ledgers_are_seen_where_directus_looks(project: Project, owner: Shadow, live: Live) -> None:
    far = {t.key: t.visible for t in made(project, owner, live)["raw_tables"]}
    assert far == {"public.positions": True, "processor.migrations_applied": False, "directus.migrations_applied": False}
    near = made(project, owner, live, variables={"DB_SEARCH_PATH": "array:public,processor"})["raw_tables"]
    (ledger,) = (t for t in near if t.key == "processor.migrations_applied")
    assert (ledger.visible, ledger.is_ledger, ledger.single_key) == (True, True, True)
    assert ledger.columns == ("id", "filename", "applied_at")


@pytest.mark.parametrize(
    ("version", "base", "expected", "named"),
    [
        ("11.9.2", "directus/directus:11.17.4", "11.9.2", "[snapshot] version 11.9.2"),
        (None, "directus/directus:11.17.4", "11.17.4", "FROM directus/directus:11.17.4"),
        (None, "directus/directus:latest", None, "FROM directus/directus:latest"),
        (None, None, None, "audit.toml"),
    ],
)
@pytest.mark.parametrize("live", ["dev"], indirect=True)
def test_the_version_is_the_images_unless_it_is_named(
    project: Project,
    owner: Shadow,
    live: Live,
    version: str | None,
    base: str | None,
    expected: str | None,
    named: str,
) -> None:
    assert project.snapshot is not None
    other = replace(project, snapshot=replace(project.snapshot, version=version))
    target: TargetVersion = made(other, owner, live, image=image(base) if base else None)["directus_target"]
    assert (str(target.version) if target.version else None, target.named) == (expected, named)
    results = judged(other, "dev", made(other, owner, live, image=image(base) if base else None))
    if expected is None:
        assert (results["SNAP001"].outcome, results["SNAP001"].required) == (Outcome.SKIPPED, True)
    assert ("the model does not cover" in (results["SNAP001"].reason or "")) is (version == "11.9.2")


def test_a_project_without_a_snapshot_is_not_asked(project: Project) -> None:
    nothing = Unavailable(reason="no server")
    other = replace(project, snapshot=None)
    inputs = directus_inputs(other, deployment_of(other), owner=nothing, owner_origins={}, live=nothing, directus=nothing)
    results = judged(other, "dev", inputs)
    assert {(r.outcome, r.required, r.reason) for r in results.values()} == {
        (Outcome.SKIPPED, False, "audit.toml has no [snapshot]")
    }


@pytest.mark.parametrize("live", ["dev"], indirect=True)
def test_what_could_not_be_read_is_reported_and_the_rest_is_judged(
    project: Project, owner: Shadow, live: Live, tmp_path: Path
) -> None:
    down = Unavailable(reason="connection refused", outcome=Outcome.ERRORED)
    blind = made(project, owner, replace(live, facts={**live.facts, "live": down}, directus=down))
    assert isinstance(blind["directus_live"], DirectusLive)
    results = judged(project, "dev", blind)
    assert "own boots could not be computed: connection refused" in (results["SNAP001"].reason or "")
    assert (results["SNAP003"].outcome, results["SNAP003"].reason) == (Outcome.SKIPPED, "connection refused")
    assert project.snapshot is not None
    lost = replace(project, snapshot=replace(project.snapshot, file=tmp_path / "none.yaml"))
    result = judged(lost, "dev", made(lost, owner, live))["SNAP001"]
    assert result.outcome is Outcome.ERRORED
    assert "the file does not exist" in (result.reason or "")


@pytest.mark.parametrize("is_retired", [False, True])
def test_version_and_guards_are_those_of_the_demos_own_files(retired_tree: Path, is_retired: bool) -> None:
    project = load_project((retired_tree if is_retired else demo_root()) / "audit.toml")
    files = boot_inputs(project)
    nothing = Unavailable(reason="not looked at")
    boot = files["owner_boot"]
    deployment = deployment_of(project, image=files["owner_image"], run=boot.run, variables=files["owner_variables"])
    inputs = directus_inputs(project, deployment, owner=nothing, owner_origins={}, live=nothing, directus=nothing)
    assert str(inputs["directus_target"].version) == "11.17.4"
    assert inputs["directus_target"].where == "directus/Dockerfile:1"
    assert inputs["directus_runtime"].excluded >= {"positions", "migrations_applied"}
    assert [(change.table, change.kind) for change in inputs["post_changes"]] == [("vehicles", "kept"), ("devices", "kept")]
    assert find_destructions(load(project, project.owner)) == ()
