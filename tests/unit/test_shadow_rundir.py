"""Directories of clusters: nobody else enters them, and a stale one is reported from one in use."""

from __future__ import annotations

import errno
import os
import select
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from migration_audit.model.command import CommandSource
from migration_audit.model.errors import ServerError
from migration_audit.runner import open_kernels
from migration_audit.shadow import rundir
from migration_audit.shadow.cluster import Recipe, launch
from migration_audit.shadow.command import Target, run_migration_command
from migration_audit.shadow.paths import Account
from migration_audit.shadow.rundir import PREFIX, Descriptors, data_of, is_in_use, new_directory, remove_stale

MYSELF = Account(os.geteuid(), os.getegid())
RECIPE = Recipe(copy=(), initdb=(), postgres=Path("postgres"), account=MYSELF, environment={}, description="a server")
COMMAND = CommandSource(name="legacy", command=("true",), directory="/", shown_directory="/")


@pytest.fixture(autouse=True)
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(rundir, "runtime_dir", lambda _account: tmp_path)
    return tmp_path


def hold_directory(account: Account = MYSELF) -> tuple[Path, Descriptors]:
    with new_directory(account) as held:
        return held


def full_disk(*_args: object, **_options: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("refused", ["tempfile.mkdtemp", "pathlib.Path.mkdir"])
@pytest.mark.parametrize(
    "start",
    [
        lambda: open_kernels().__enter__(),
        lambda: launch(RECIPE),
        lambda: run_migration_command(COMMAND, Target("h", "5432", "u", "p", "d", None), account=MYSELF),
    ],
    ids=["kernels", "cluster", "command"],
)
def test_a_full_disk_is_an_error_of_the_server_and_leaves_nothing(
    base: Path, start: Callable[[], object], refused: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refused, full_disk)
    with pytest.raises(ServerError) as caught:
        start()
    assert (caught.value.where, "No space left" in caught.value.what) == (str(base), True)
    assert "TMPDIR" in str(caught.value.todo)
    assert list(base.iterdir()) == []


def test_only_the_user_enters() -> None:
    directory, held = hold_directory()
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE(data_of(directory).stat().st_mode) == 0o700
    held.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands a server to another account")
def test_the_server_of_root_enters_and_no_one_else() -> None:
    directory, held = hold_directory(Account(54321, 54322))
    found = directory.stat()
    assert (found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)) == (0, 54322, 0o710)
    assert data_of(directory).stat().st_uid == 54321
    held.close()


def test_a_directory_is_in_use_while_its_lock_is_held(tmp_path: Path) -> None:
    directory, held = hold_directory()
    assert is_in_use(directory)
    assert remove_stale(tmp_path) == []
    held.close()
    assert not is_in_use(directory)
    assert remove_stale(tmp_path) == [directory]
    assert not directory.exists()


def test_a_directory_that_is_being_made_is_left_alone(tmp_path: Path) -> None:
    directory = tmp_path / f"{PREFIX}young_01"
    directory.mkdir()
    assert remove_stale(tmp_path) == []
    os.utime(directory, (0, 0))
    assert remove_stale(tmp_path) == [directory]


def test_folders_that_are_no_clusters_are_left_alone_however_old_they_are(tmp_path: Path) -> None:
    for name in ("gate-12345678", "keys-12345678", "port-12345678"):
        (tmp_path / f"{PREFIX}{name}").mkdir()
        os.utime(tmp_path / f"{PREFIX}{name}", (0, 0))
    assert remove_stale(tmp_path) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a directory of another user")
def test_directories_of_other_users_are_left_alone(tmp_path: Path) -> None:
    directory = tmp_path / f"{PREFIX}theirs_1"
    directory.mkdir()
    os.utime(directory, (0, 0))
    os.chown(directory, 54321, 54321)
    assert remove_stale(tmp_path) == []


def test_a_stale_directory_does_not_cost_another_process_its_life(tmp_path: Path) -> None:
    directory, held = hold_directory()
    innocent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    (data_of(directory) / "postmaster.pid").write_text(f"{innocent.pid}\n", encoding="utf-8")
    held.close()
    assert remove_stale(tmp_path) == [directory]
    assert innocent.poll() is None
    innocent.communicate(b"\n")
    assert innocent.returncode == 0


def test_a_forked_child_lets_go_of_the_pipe() -> None:
    reader, writer = os.pipe()
    held = Descriptors(writer)
    go_on, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(tell)
        os.read(go_on, 1)  # alive until the parent has seen the end of the pipe
        os._exit(0)
    os.close(go_on)
    held.close()
    ended = bool(select.select([reader], [], [], 5.0)[0])
    os.close(tell)
    os.waitpid(child, 0)
    assert ended, "the child held the pipe"
    os.close(reader)
