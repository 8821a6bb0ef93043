"""Folders that are gone, links that lead nowhere, file systems of the kernel: one sentence each, and it is the right one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fix_demo import run_cli
from migration_audit.artifacts.git.repository import read_tree
from migration_audit.detect import list_folder
from migration_audit.model.errors import AuditError, UsageError
from migration_audit.project.boundary import boundary_of
from migration_audit.runner.folders import run_folders
from migration_audit.shadow.rundir import is_in_use

PROGRAM = str(Path(sys.executable).with_name("migration-audit"))


@pytest.mark.parametrize("command", ["run", "init", "compare a.sql b.sql", "gate", "check list"])
def test_a_current_folder_that_was_removed(tmp_path: Path, command: str) -> None:
    gone = tmp_path / "gone"
    script = f"mkdir {gone} && cd {gone} && rmdir {gone} && exec {PROGRAM} {command}"
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("migration-audit: the current folder was removed\n  → change to one that exists")


@pytest.mark.parametrize("above", [False, True])
def test_a_report_folder_that_is_a_link_to_nowhere(tmp_path: Path, above: bool) -> None:
    link = tmp_path / "out"
    link.symlink_to(tmp_path / "nowhere/deeper")
    out = link / "reports" if above else link
    with pytest.raises(AuditError, match=rf"^{link}: is a link that leads nowhere"), run_folders(out, ["dev"], "run"):
        pass


def test_a_report_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    with (
        pytest.raises(AuditError, match=r"out: is a file|Not a directory"),
        run_folders(tmp_path / "out", ["dev"], "run"),
    ):
        pass


@pytest.mark.parametrize("folder", ["/proc", "/proc/self", "/sys", "/dev"])
def test_init_detect_in_a_file_system_of_the_kernel(folder: str) -> None:
    with pytest.raises(UsageError, match="belongs to the kernel and contains no project"):
        list_folder(Path(folder))
    ran = run_cli("init", folder, "--detect")
    assert ran.code == 2


SETTINGS = """[project]
name = "x"
[legacy]
sql = ["a.sql"]
[owner]
sql = ["a.sql"]
[environments.dev]
dsn_env = "NOT_SET"
"""


def git(folder: Path, *words: str) -> str:
    settings = ("-c", "user.name=n", "-c", "user.email=a@b.c", "-c", "protocol.file.allow=always")
    done = subprocess.run(["git", *settings, "-C", str(folder), *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "audit.toml").write_text(SETTINGS)
    (folder / "a.sql").write_text("create table t ();\n")
    for message in ("one", "two"):
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return folder


def _shallow(repository: Path) -> Path:
    git(repository.parent, "clone", "-q", "--depth", "1", f"file://{repository}", "other")
    return repository.parent / "other"


def _worktree(repository: Path) -> Path:
    git(repository, "worktree", "add", "-q", "--detach", "../other")
    return repository.parent / "other"


def _submodule(repository: Path) -> Path:
    above = repository.parent / "above"
    above.mkdir()
    git(above, "init", "-q")
    git(above, "submodule", "add", "-q", str(repository), "other")
    return above / "other"


@pytest.mark.parametrize("make", [_shallow, _worktree, _submodule])
def test_a_shallow_clone_a_worktree_and_a_submodule_are_repositories(repository: Path, make: Callable[[Path], Path]) -> None:
    place = make(repository)
    state = read_tree(place)
    assert (state.commit, state.clean) == (git(repository, "rev-parse", "HEAD"), True)
    assert boundary_of(place).roots == (place,)


def test_a_bare_repository_has_no_tree_that_is_audited(repository: Path) -> None:
    git(repository.parent, "clone", "-q", "--bare", str(repository), "bare")
    state = read_tree(repository.parent / "bare")
    assert (state.commit, state.clean) == (None, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_repository_of_another_user_is_not_taken_for_none(repository: Path) -> None:
    for path in (repository, *repository.rglob("*")):
        shutil.chown(path, 65534)
    ran = run_cli("run", "--config", str(repository), "--out", str(repository.parent / "out"))
    assert ran.code == 3
    assert f"{repository}: git does not read this repository: it belongs to another user" in ran.err
    assert f"git config --global --add safe.directory {repository}" in ran.err


def test_runs_at_once_have_a_folder_each_and_none_is_in_the_way_of_another(tmp_path: Path) -> None:
    def made(number: int) -> list[Path]:
        found = []
        for _ in range(50):
            with run_folders(tmp_path / "out", ["dev"], "20260101T000000Z-x") as folders:
                if number == 0:
                    (folders["dev"] / "report").touch()
                    found.append(folders["dev"])
        return found

    with ThreadPoolExecutor(4) as pool:
        kept = [folder for each in pool.map(made, range(4)) for folder in each]
    assert len(set(kept)) == 50
    assert sorted((tmp_path / "out/dev").iterdir()) == sorted(kept)


def test_a_folder_that_another_run_removes_between_two_looks_is_not_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir = Path.mkdir
    found: list[Path] = []

    def exists_and_is_removed(folder: Path, *mode: int, **options: Any) -> None:
        if not found:
            found.append(folder)
            raise FileExistsError(folder)
        mkdir(folder, *mode, **options)

    monkeypatch.setattr(Path, "mkdir", exists_and_is_removed)
    with run_folders(tmp_path / "out", ["dev"], "20260101T000000Z-x") as folders:
        assert folders["dev"].is_dir()
    assert found


@pytest.mark.parametrize(("ahead", "used"), [(0, True), (-100_000_000, False), (100_000_000, False)])
def test_a_clock_that_was_set_back_keeps_no_stale_folder(tmp_path: Path, ahead: int, used: bool) -> None:
    now = tmp_path.stat().st_mtime
    os.utime(tmp_path, (now + ahead, now + ahead))
    assert is_in_use(tmp_path) is used
