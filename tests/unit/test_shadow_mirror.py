"""apt with directories of its own: which mirror it asks, and that it takes nothing that is not signed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from migration_audit.model.errors import ServerError
from migration_audit.shadow import mirror
from migration_audit.shadow.mirror import Apt, find_mirror, redacted

BOOKWORM = "deb http://mirror.example/debian bookworm main contrib\n"
SOURCES = {
    "one line": ("sources.list", BOOKWORM, "http://mirror.example/debian"),
    "with options": ("a.list", "deb [arch=amd64 trusted=yes] https://m.example/debian/ trixie main\n", "https://m.example/debian/"),
    "commented out": ("sources.list", f"# {BOOKWORM}", None),
    "source packages only": ("sources.list", BOOKWORM.replace("deb ", "deb-src "), None),
    "security updates only": ("sources.list", "deb http://m.example/debian-security bookworm-security main\n", None),
    "another archive": ("pgdg.list", "deb https://apt.example.org/pub/repos/apt bookworm-pgdg main\n", None),
    "a vendor's archive": ("v.list", "deb [signed-by=/k.gpg] https://v.example/debian/12/prod bookworm main\n", None),
    "no main component": ("d.list", "deb https://download.example/linux/debian bookworm stable\n", None),
    "deb822": (
        "debian.sources",
        "# comment\nTypes: deb\nURIs: http://m.example/debian\nSuites: bookworm bookworm-updates\nComponents: main\n",
        "http://m.example/debian",
    ),
    "deb822, signed by Debian": (
        "debian.sources",
        "Types: deb\nURIs: mirror+file:/etc/m.list\nSuites: bookworm\nComponents: main\nSigned-By: /debian-archive.gpg\n",
        "mirror+file:/etc/m.list",
    ),
    "deb822, disabled": (
        "debian.sources",
        "Enabled: no\nTypes: deb\nURIs: http://m.example/debian\nSuites: bookworm\nComponents: main\n",
        None,
    ),
    "deb822, second stanza": (
        "debian.sources",
        "Types: deb\nURIs: http://n/debian-security\n\nTypes: deb\nURIs: http://m/debian\nSuites: sid\nComponents: main\n",
        "http://m/debian",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), SOURCES.values(), ids=SOURCES.keys())
def test_the_mirror_is_the_machines_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str, expected: str | None
) -> None:
    monkeypatch.delenv(mirror.MIRROR_VARIABLE, raising=False)
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert find_mirror([tmp_path / name]) == (expected or mirror.DEFAULT_MIRROR)


def test_a_mirror_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(mirror.MIRROR_VARIABLE, "http://named.example/debian")
    assert find_mirror([]) == "http://named.example/debian"


def test_a_password_of_the_mirror_is_not_shown() -> None:
    assert redacted("https://user:secret@m.example/debian") == "https://m.example/debian"


needs_apt = pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("apt-get", "dpkg-deb", "gpg", "gpgv")),
    reason="apt-get, dpkg-deb and gpg are needed to make a small archive",
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed archive with two packages, one of which depends on the other, and its key as ``key.gpg``."""
    root = tmp_path_factory.mktemp("archive")
    paragraphs = [_build(root, "small-thing", "Depends: small-library"), _build(root, "small-library", "")]
    folder = root / "dists/test/main" / f"binary-{_architecture()}"
    folder.mkdir(parents=True)
    (folder / "Packages").write_text("\n".join(paragraphs), encoding="utf-8")
    packages = (folder / "Packages").read_bytes()
    digest = (
        f"{hashlib.sha256(packages).hexdigest()} {len(packages)} {(folder / 'Packages').relative_to(root / 'dists/test')}"
    )
    fields = ["Suite: test", f"Architectures: {_architecture()}", "Components: main", "Date: Sat, 01 Jan 2022 00:00:00 UTC"]
    release = "\n".join([*fields, "SHA256:", f" {digest}", ""])
    (root / "Release").write_text(release, encoding="utf-8")
    home = root / "gnupg"
    home.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", str(home), "--batch", "--yes", "--passphrase", "", "--pinentry-mode", "loopback"]
    _run(*gpg, "--quick-generate-key", "Test <test@example.org>", "rsa2048", "sign", "never")
    _run(*gpg, "--export", "--output", str(root / "key.gpg"))
    _run(*gpg, "--clearsign", "--output", str(root / "dists/test/InRelease"), str(root / "Release"))
    _run("gpgconf", "--homedir", str(home), "--kill", "gpg-agent")
    return root


def _build(root: Path, name: str, extra: str) -> str:
    tree = root / f"tree-{name}"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "usr").mkdir()
    (tree / f"usr/{name}").write_text(f"this is {name}\n", encoding="utf-8")
    fields = [
        f"Package: {name}",
        "Version: 1:2.0",
        "Architecture: all",
        "Maintainer: x <x@example.org>",
        extra,
        "Description: x",
    ]
    control = "\n".join(filter(None, fields))
    (tree / "DEBIAN/control").write_text(f"{control}\n", encoding="utf-8")
    file = root / f"{name}.deb"
    _run("dpkg-deb", "--root-owner-group", "-b", str(tree), str(file))
    content = file.read_bytes()
    return f"{control}\nFilename: {file.name}\nSize: {len(content)}\nSHA256: {hashlib.sha256(content).hexdigest()}\n"


def _architecture() -> str:
    return _run("dpkg", "--print-architecture").strip()


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def apt_home(tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(mirror, "KEYRING", archive / "key.gpg")
    home = tmp_path / "apt"
    home.mkdir()
    return home


@needs_apt
def test_packages_come_with_what_they_depend_on(apt_home: Path, archive: Path) -> None:
    apt = Apt(apt_home, "test", f"file:{archive}")
    apt.update()
    assert set(apt.names(r"small-.*")) == {"small-thing", "small-library"}
    packages = apt.closure(["small-thing"])
    assert {(each.name, each.version) for each in packages} == {("small-thing", "1:2.0"), ("small-library", "1:2.0")}
    assert len(apt.download(packages)) == 2


@needs_apt
def test_nothing_of_the_system_is_written(apt_home: Path, archive: Path) -> None:
    watched = [Path(folder) for folder in ("/var/lib/apt/lists", "/var/cache/apt", "/var/lib/dpkg") if Path(folder).exists()]
    before = [_times(folder) for folder in watched]
    apt = Apt(apt_home, "test", f"file:{archive}")
    apt.update()
    apt.download(apt.closure(["small-library"]))
    assert [_times(folder) for folder in watched] == before


@needs_apt
def test_hooks_of_the_system_do_not_run(apt_home: Path, archive: Path) -> None:
    Apt(apt_home, "test", f"file:{archive}")
    environment = os.environ | {"APT_CONFIG": str(apt_home / "apt.conf")}
    dump = subprocess.run(["apt-config", "dump"], env=environment, check=True, capture_output=True, text=True).stdout
    assert f'Dir::State "{apt_home}"' in dump
    assert "Invoke" not in dump


def _times(folder: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_mtime_ns for path in sorted(folder.rglob("*")) if os.access(path, os.R_OK)}


@needs_apt
@pytest.mark.parametrize("file", ["dists/test/InRelease", "dists/test/main/binary-*/Packages", "small-thing.deb"])
def test_a_changed_file_of_the_archive_is_refused(apt_home: Path, archive: Path, tmp_path: Path, file: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(archive, copy, ignore=shutil.ignore_patterns("gnupg"))
    changed = next(copy.glob(file))
    content = changed.read_bytes()
    changed.write_bytes(content.replace(b"2022", b"2023") if b"2022" in content else content[:-9] + b"X" + content[-8:])
    with pytest.raises(ServerError) as raised:
        _fetch(Apt(apt_home, "test", f"file:{copy}"))
    assert raised.value.todo


def _fetch(apt: Apt) -> None:
    apt.update()
    apt.download(apt.closure(["small-thing"]))


@needs_apt
def test_another_key_is_refused(apt_home: Path, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty.gpg").write_bytes(b"")
    monkeypatch.setattr(mirror, "KEYRING", tmp_path / "empty.gpg")
    with pytest.raises(ServerError, match="apt-get update"):
        Apt(apt_home, "test", f"file:{archive}").update()


@needs_apt
def test_a_mirror_that_does_not_answer_is_named_without_its_password(apt_home: Path, tmp_path: Path) -> None:
    apt = Apt(apt_home, "trixie", "http://user:secret@127.0.0.1:9/debian")
    (apt_home / "apt.conf").write_text((apt_home / "apt.conf").read_text() + 'Acquire::Retries "0";\n', encoding="utf-8")
    with pytest.raises(ServerError) as raised:
        apt.update()
    assert "http://127.0.0.1:9/debian trixie" in str(raised.value)
    assert mirror.MIRROR_VARIABLE in str(raised.value.todo)
    assert "secret" not in str(raised.value)


def test_a_machine_without_apt_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ServerError, match=r"apt-get.*not installed"):
        mirror.check_machine()


@needs_apt
def test_a_machine_without_debians_keys_is_pointed_to_the_package_that_has_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "KEYRING", tmp_path / "none.gpg")
    with pytest.raises(ServerError) as raised:
        mirror.check_machine()
    assert raised.value.todo == "apt-get install debian-archive-keyring"
