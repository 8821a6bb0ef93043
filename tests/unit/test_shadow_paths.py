"""Where servers keep their files: the account that runs them must reach them, and nobody else may write there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from migration_audit.model.errors import ServerError
from migration_audit.shadow import paths
from migration_audit.shadow.paths import Account, cache_dir, check_account, runtime_dir, server_account

STRANGER = Account(54321, 54321)
"""An account that has no part in any folder of the tests."""
MYSELF = Account(os.geteuid(), os.getegid())


@pytest.fixture
def open_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are private."""
    opened = [folder for folder in (tmp_path, *tmp_path.parents) if folder.stat().st_uid == os.geteuid()]
    before = {folder: folder.stat().st_mode for folder in opened}
    for folder, mode in before.items():
        folder.chmod(mode | 0o111)
    yield tmp_path
    for folder, mode in before.items():
        folder.chmod(mode)


@pytest.fixture(autouse=True)
def _no_cache_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(paths.CACHE_VARIABLE, raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)


def test_a_server_never_runs_as_root() -> None:
    assert server_account().uid != 0


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("MIGRATION_AUDIT_CACHE", "named", "named"),
        ("XDG_CACHE_HOME", "xdg", "xdg/migration-audit"),
        ("HOME", "home", "home/.cache/migration-audit"),
    ],
    ids=["named", "xdg", "home"],
)
def test_the_cache_is_where_it_is_configured(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(variable, str(open_folder / value))
    found = cache_dir(MYSELF)
    assert found == open_folder / expected
    assert found.is_dir()


def test_a_home_that_the_server_may_not_enter_is_passed_over(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, second = open_folder / "home", open_folder / "second"
    home.mkdir(mode=0o700)
    second.mkdir(mode=0o755)
    monkeypatch.setattr(paths, "_cache_candidates", lambda: [home / ".cache/migration-audit", second / "migration-audit"])
    assert cache_dir(STRANGER) == second / "migration-audit"
    assert not (home / ".cache").exists(), "a folder that cannot be used is not made"
    assert cache_dir(MYSELF) == home / ".cache/migration-audit"


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda folder: folder.mkdir(mode=0o700), "may not enter"),
        (lambda folder: (folder.mkdir(), folder.chmod(0o777)), "other users may write to it"),
        (lambda folder: folder.touch(), "File exists|may not enter"),
        (lambda folder: folder.symlink_to("/usr"), "not a folder|belongs to another user"),
    ],
    ids=["private", "writable for all", "a file", "a link"],
)
def test_a_named_cache_that_cannot_be_used_is_an_error_with_the_reason(
    open_folder: Path, monkeypatch: pytest.MonkeyPatch, prepare: object, reason: str
) -> None:
    prepare(open_folder / "cache")  # type: ignore[operator]
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(open_folder / "cache"))
    with pytest.raises(ServerError, match=reason) as raised:
        cache_dir(STRANGER)
    assert raised.value.where == paths.CACHE_VARIABLE


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of another user")
def test_a_cache_of_another_user_is_refused(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (open_folder / "cache").mkdir()
    os.chown(open_folder / "cache", STRANGER.uid, STRANGER.gid)
    monkeypatch.setenv(paths.CACHE_VARIABLE, str(open_folder / "cache"))
    with pytest.raises(ServerError, match="belongs to another user"):
        cache_dir(MYSELF)


@pytest.mark.parametrize(
    ("account", "name", "mode", "chosen"),
    [(MYSELF, "t", 0o700, True), (STRANGER, "t", 0o700, False), (MYSELF, "t" * 80, 0o755, False)],
    ids=["own", "not to be entered by the server", "too long for a socket"],
)
def test_clusters_live_in_tmpdir_if_they_can(
    monkeypatch: pytest.MonkeyPatch, account: Account, name: str, mode: int, chosen: bool
) -> None:
    base = Path("/var/tmp" if os.access("/var/tmp", os.W_OK) else "/tmp")
    folder = base / f"{name}{os.getpid()}"
    folder.mkdir(mode=mode)
    try:
        monkeypatch.setattr("tempfile.tempdir", str(folder))
        assert runtime_dir(account) == (folder if chosen else Path("/tmp"))
    finally:
        folder.rmdir()


def test_a_user_without_a_name_is_reported_before_anything_is_downloaded() -> None:
    with pytest.raises(ServerError, match="uid 54321 has none"):
        check_account(STRANGER)
