"""What checks of files read is the same in each layout of repositories, from any working directory."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

import pytest

from fix_layouts import LAYOUTS, PARTS, Layout, git, lay_out
from migration_audit.artifacts.git.working_tree import ignoring_rule
from migration_audit.artifacts.paths import read_path
from migration_audit.audit.inputs.artifact_digests import artifact_digests
from migration_audit.audit.inputs.boot import boot_inputs
from migration_audit.audit.inputs.retirement import documents_inputs, retirement_inputs
from migration_audit.audit.preflight.loading import load, source_facts
from migration_audit.checks import ALL, judge
from migration_audit.model.finding import Phase
from migration_audit.project import Project, load_project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=LAYOUTS)
def layout(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return lay_out(request.param, tmp_path_factory.mktemp("layout"))


@pytest.fixture(scope="module")
def monorepo(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    made = lay_out("monorepo", tmp_path_factory.mktemp("monorepo"))
    return read(made.project, made)


def read(project: Project, layout: Layout) -> list[str]:
    """Every finding of the checks of files, every SQL file and every other file, with paths from the four parts' folder."""
    inputs: dict[str, Any] = {
        **boot_inputs(project),
        **retirement_inputs(project),
        **documents_inputs(project, commands=()),
        "sources": (),
        "fixture_shadows": {},
        "owner_origins": {},
        "project": project,
    }
    able = [c for c in ALL if set(c.inputs) <= inputs.keys() and c.id != "CMD001"]
    results = [(r.id, r.outcome, f.key, f.summary) for r in judge(able, inputs, Phase.RETIRED) for f in r.findings]
    files = [file for side in (project.legacy, project.owner) for file in source_facts("x", load(project, side)).files]
    files += artifact_digests(project)
    home = layout.home if not layout.inside else "."
    whole = [*(str(result) for result in results), *(f"{posixpath.normpath(f'{home}/{p}')} {sha}" for p, sha in files)]
    return sorted(re.sub(r"\.\./", "", line) for line in whole)


def test_it_reads_the_same_files_and_finds_the_same(layout: Layout, monorepo: list[str]) -> None:
    found = read(layout.project, layout)
    # In one of the layouts deploy is the home, whose files have no folder in front of them.
    assert sorted(line.replace("deploy/", "") for line in found) == sorted(line.replace("deploy/", "") for line in monorepo)
    assert sum(".sql " in line for line in found) > 10


def test_it_does_not_matter_where_it_is_started(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    before = read(layout.project, layout)
    monkeypatch.chdir("/")
    assert read(layout.project, layout) == before


def test_a_path_without_a_name_leads_into_another_repository(tmp_path: Path, monorepo: list[str]) -> None:
    made = lay_out("audit repository", tmp_path)
    text = (made.audit / "audit.toml").read_text()
    named = re.compile(rf'"({"|".join(PARTS)}):([^"]*)"')
    plain = named.sub(r'"../\1/\2"', re.sub(r"(?s)\[repository\..*", "", text))
    (made.audit / "audit.toml").write_text(plain.replace('directory = "../processor/"', 'directory = "../processor"'))
    assert read(made.project, made) == monorepo


def test_gitignore_is_that_of_the_files_own_repository(tmp_path: Path) -> None:
    made = lay_out("audit repository", tmp_path)
    (made.audit / ".gitignore").write_text("*\n")
    migrations = made.part("processor") / "src" / "db" / "migrations"
    assert ignoring_rule(migrations, made.audit) is None
    (made.part("processor") / ".gitignore").write_text("src/db/migrations/\n")
    assert str(read_path(made.audit, "../processor/src/db/migrations").ignored_by) == "../processor/.gitignore:1"


def test_a_revision_is_one_of_the_files_own_repository(tmp_path: Path) -> None:
    made = lay_out("audit repository", tmp_path)
    git(made.part("processor"), "tag", "before")
    path = "../processor/src/db/pool.ts"
    assert read_path(made.audit, path, since="before").changed is None
    with (made.audit / path).open("a") as file:
        file.write("// more\n")
    assert read_path(made.audit, path, since="before").changed


def test_a_link_to_the_folder_of_audit_toml_changes_no_path(tmp_path: Path, monorepo: list[str]) -> None:
    made = lay_out("audit repository", tmp_path / "there")
    (tmp_path / "here").mkdir()
    link = tmp_path / "here" / "audit"
    link.symlink_to(made.audit)
    for name in PARTS:
        (tmp_path / "here" / name).symlink_to(made.part(name))
    assert read(load_project(link / "audit.toml"), made) == monorepo
