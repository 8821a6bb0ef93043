"""What evidence says of each repository that was read."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from fix_layouts import PARTS, Layout, git, lay_out
from migration_audit.audit.repositories import repositories_read, without_credentials
from migration_audit.model.evidence import RepositoryState

pytestmark = pytest.mark.slow

READ = ("processor/src/main.ts", "processor/Dockerfile", "directus/Dockerfile", "deploy/compose.yaml", "docs/log.md")


def state(layout: Layout) -> dict[str, RepositoryState]:
    return repositories_read(layout.project, [os.path.relpath(layout.folder / name, layout.audit) for name in READ])


def test_each_repository_has_its_name_commit_and_remote(tmp_path: Path) -> None:
    made = lay_out("audit repository", tmp_path)
    found = state(made)
    assert list(found) == ["audit", *PARTS]
    assert found["processor"] == RepositoryState(
        commit=git(made.part("processor"), "rev-parse", "HEAD"),
        clean=True,
        remote=str(made.remotes / "processor.git"),
        path="../processor",
        files=2,
    )
    assert (found["audit"].path, found["audit"].files) == (".", 0)


def test_only_the_repository_that_is_dirty_is_not_clean(tmp_path: Path) -> None:
    made = lay_out("one of the four", tmp_path)
    (made.part("docs") / "wiki/new.md").write_text("# New\n")
    assert {name: each.clean for name, each in state(made).items()} == {
        "audit": True,
        "processor": True,
        "directus": True,
        "docs": False,
    }


@pytest.mark.parametrize("ignored", [True, False], ids=["ignored by the parent", "seen by the parent"])
def test_a_parent_repository_does_not_speak_for_those_in_it(tmp_path: Path, ignored: bool) -> None:
    made = lay_out("parent", tmp_path)
    if ignored:
        (made.folder / ".gitignore").write_text("/*/\n")
    git(made.folder, "init", "-q")
    git(made.folder, "add", "audit.toml", *([".gitignore"] if ignored else []))
    git(made.folder, "commit", "-q", "-m", "Start")
    (made.part("directus") / "db-init/004_more.sql").write_text("SELECT 1;\n")
    found = state(made)
    assert found["audit"].clean is True
    assert found["directus"].clean is False
    assert len({each.commit for each in found.values()}) == 5


def test_without_names_a_repository_is_called_by_its_path(tmp_path: Path) -> None:
    made = lay_out("audit repository", tmp_path)
    text = (made.audit / "audit.toml").read_text()
    head, _, _ = text.partition("[repository.")
    for name in PARTS:
        head = head.replace(f'"{name}:', f'"../{name}/')
    (made.audit / "audit.toml").write_text(head.replace('"../processor/"', '"../processor"'))
    assert set(state(made)) == {"audit", "../processor", "../directus", "../deploy", "../docs"}


def test_a_parent_that_is_no_repository(tmp_path: Path) -> None:
    made = lay_out("parent", tmp_path)
    found = state(made)
    assert found["audit"] == RepositoryState(commit=None, clean=None, remote=None, path=None, files=0)
    assert all(found[name].clean for name in PARTS)


def test_files_that_are_in_no_repository_are_reported(tmp_path: Path) -> None:
    made = lay_out("audit repository", tmp_path)
    shutil.rmtree(made.part("docs") / ".git")
    found = state(made)
    assert "docs" not in found
    assert found["(no repository)"].commit is None
    assert found["(no repository)"].files == 1


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://ann:secret@example.org/team/app.git", "https://example.org/team/app.git"),
        ("https://ghp_secret@example.org/team/app.git", "https://example.org/team/app.git"),
        ("https://oauth2:se@cret@example.org/app.git", "https://example.org/app.git"),
        ("https://example.org/app.git?private_token=secret#x", "https://example.org/app.git"),
        ("ssh://git@example.org:22/app.git", "ssh://example.org:22/app.git"),
        ("git@example.org:team/app.git", "git@example.org:team/app.git"),
        ("token@example.org:team/app.git", "example.org:team/app.git"),
        ("../app.git", "../app.git"),
        ("HTTPS://ann:secret@example.org/app", "HTTPS://example.org/app"),
        ("ext::sh -c 'x https://a:secret@example.org'", "ext::…"),
    ],
)
def test_a_remote_is_shown_without_credentials(url: str, shown: str) -> None:
    assert without_credentials(url) == shown
    assert "secret" not in shown
