"""Folders that cannot be listed are errors, wherever files are looked for: never folders without files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from e2b_dockerfile_utils import PatternMatcher

from migration_audit.artifacts.image.files import ImageFiles
from migration_audit.cli.static import _default
from migration_audit.model.errors import ArtifactError, AuditError, SourceError, UsageError
from migration_audit.project.boundary import paths_below, paths_that_match
from migration_audit.signoff.signing import find_run
from migration_audit.sources.reading import paths_of_glob

CLOSED = ("unlistable", 0o300), ("unsearchable", 0o400)


@pytest.fixture(params=[mode for _, mode in CLOSED], ids=[name for name, _ in CLOSED])
def closed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with files in ``a``, which may not be listed or not be entered, as root (who may do both) is nobody here."""
    del monkeypatch  # which goes back to the first folder after this is root again: nobody may not enter each folder
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "a/b").mkdir(parents=True)
        for path in ("a/b/x.sql", "a/b/x.ipynb", "a/statement.json", "y.sql"):
            (root / path).write_text("")
        (root / "audit.toml").write_text("")
        root.chmod(0o755)
        (root / "a").chmod(request.param)
        myself = os.geteuid()
        if myself == 0:
            os.chown(root / "a", 65534, 65534)
            os.seteuid(65534)
        try:
            yield root
        finally:
            os.seteuid(myself)
            (root / "a").chmod(0o755)


def image(root: Path) -> ImageFiles:
    return ImageFiles(context=root, ignore=PatternMatcher([]), stages=(), shown_from=root)


CASES: dict[str, tuple[type[AuditError], Callable[[Path], Any]]] = {
    "a glob of SQL": (SourceError, lambda root: paths_of_glob(root, "**/*.sql")),
    "a glob of SQL in folders": (SourceError, lambda root: paths_of_glob(root, "*/*/*.sql")),
    "a glob below": (SourceError, lambda root: paths_of_glob(root, "a/*/x.sql")),
    "all of a folder": (AuditError, paths_below),
    "what a build sends": (ArtifactError, lambda root: list(image(root).sent("."))),
    "what COPY names": (ArtifactError, lambda root: image(root).matches("*/*/x.sql")),
}


@pytest.mark.parametrize("case", CASES)
def test_what_cannot_be_listed_is_not_empty(closed: Path, case: str) -> None:
    error, look = CASES[case]
    with pytest.raises(error, match="cannot be listed: Permission denied"):
        look(closed)


def test_no_newest_run_among_runs_that_cannot_be_seen(closed: Path) -> None:
    if os.access(closed / "a/statement.json", os.F_OK, effective_ids=True):
        assert find_run(closed) == closed / "a", "its name is enough"
        return
    with pytest.raises(UsageError, match="cannot be listed: Permission denied"):
        find_run(closed)


def test_no_notebook_is_fine_that_cannot_be_seen(closed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(closed)
    with pytest.raises(AuditError, match="cannot be listed: Permission denied"):
        _default()


@pytest.mark.parametrize(
    "pattern", ["*", "**/*", "**/*.sql", "a/*", "a/b/x.sql", "y.sql", "*/b", "nothing/*", "**", "[ay]*"]
)
def test_a_glob_finds_what_pathlib_finds(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/x.sql").write_text("")
    (tmp_path / "y.sql").symlink_to("a/b/x.sql")
    (tmp_path / "a/loop").symlink_to("..")
    (tmp_path / "dead").symlink_to("nowhere")
    assert paths_that_match(tmp_path, pattern) == sorted(tmp_path.glob(pattern))
    assert paths_below(tmp_path) == sorted(tmp_path.rglob("*"))
