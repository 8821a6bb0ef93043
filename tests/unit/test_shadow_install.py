"""What an installation trusts and what it clears away; the installation itself is tested with a real server."""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

import pytest

from migration_audit.model.errors import ServerError
from migration_audit.shadow import debian
from migration_audit.shadow.debian import find_debian, load_installed
from migration_audit.shadow.paths import Account
from migration_audit.shadow.processes import locked
from migration_audit.shadow.settings import configuration, initdb_options

MYSELF = Account(os.geteuid(), os.getegid())


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(debian, "cache_dir", lambda _: tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "stamp",
    [
        None,
        "{",
        json.dumps({"layout": 1, "home": "/elsewhere", "uid": os.geteuid(), "major": 17}),
        json.dumps({"layout": 0}),
    ],
    ids=["no stamp", "half a stamp", "moved", "made by an older version"],
)
def test_what_is_not_proven_is_not_trusted(cache: Path, stamp: str | None) -> None:
    home = cache / "debian-trixie.x"
    home.mkdir()
    (cache / "debian-trixie").symlink_to(home.name)
    if stamp is not None:
        (home / "installed.json").write_text(stamp, encoding="utf-8")
    assert load_installed(cache, "trixie", MYSELF) is None


def test_too_little_space_is_reported_before_anything_is_downloaded(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debian, "FREE_BYTES", 10**18)
    with pytest.raises(ServerError, match="GB are needed to install debian:trixie") as raised:
        find_debian("trixie", pytest.fail)
    assert raised.value.where == str(cache)
    assert "MIGRATION_AUDIT_CACHE" in (raised.value.todo or "")


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), OSError(28, "No space left on device"), ServerError("no mirror")], ids=str
)
def test_a_failed_installation_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(home: Path, *_: object) -> None:
        (home / "half").touch()
        raise error

    monkeypatch.setattr(debian, "_fetch_and_unpack", fail)
    with pytest.raises((ServerError, KeyboardInterrupt)):
        find_debian("trixie", print)
    assert [path.name for path in cache.iterdir()] == ["debian-trixie.lock"]


def test_what_an_interrupted_installation_left_is_removed_by_the_next(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("debian-trixie.left", "debian-trixie.current", "debian-sid.other"):
        (cache / name).mkdir()
    (cache / "debian-trixie").symlink_to("debian-trixie.current")
    monkeypatch.setattr(debian, "FREE_BYTES", 10**18)
    with pytest.raises(ServerError):
        find_debian("trixie", pytest.fail)
    assert sorted(path.name for path in cache.iterdir() if path.is_dir() and not path.is_symlink()) == [
        "debian-sid.other",
        "debian-trixie.current",  # servers may still run from it
    ]


def test_the_second_of_two_waits_and_says_so(tmp_path: Path) -> None:
    lines: list[str] = []
    order: list[str] = []

    def second() -> None:
        with locked(tmp_path / "lock", "another installation", lines.append):
            order.append("second")

    with locked(tmp_path / "lock", "nobody", pytest.fail):
        waiting = threading.Thread(target=second)
        waiting.start()
        limit = time.monotonic() + 10
        while not lines and time.monotonic() < limit:
            time.sleep(0.01)
        order.append("first")
    waiting.join(10)
    assert lines == ["waiting for another installation to end"]
    assert order == ["first", "second"]


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("libc6", True), ("libgdal36", True), ("libgpgmepp6t64", True), ("libpam0g", True), ("proj-data", True),
        ("postgresql-client-17", True), ("tzdata", True), ("libc-bin", True), ("libperl5.40", False), ("perl", False),
        ("libjson-perl", False), ("libllvm19", False), ("gnupg-l10n", False), ("postgresql-common-dev", False),
    ],
)  # fmt: skip
def test_packages_that_no_server_needs_are_left_out(name: str, needed: bool) -> None:
    assert (debian._NOT_NEEDED.fullmatch(name) is None) is needed


def test_timescaledb_runs_no_jobs_and_sends_nothing() -> None:
    text = configuration(timescaledb=True)
    assert "timescaledb.max_background_workers = '0'" in text
    assert "timescaledb.telemetry_level = 'off'" in text
    assert "timescaledb" not in configuration(timescaledb=False)


@pytest.mark.parametrize(("major", "builtin"), [(15, False), (16, False), (17, True), (18, True)])
def test_the_collation_is_postgresqls_own_where_it_has_one(major: int, builtin: bool) -> None:
    assert ("--locale-provider=builtin" in initdb_options(major, superuser="postgres", locale="C.UTF-8")) is builtin
