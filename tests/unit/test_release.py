"""``make release``: what is refused, and what a release consists of. Done in a clone."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSION = "7.8.9"


def git(clone: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=R", "-c", "user.email=r@example.org")
    return subprocess.run(["git", *identity, *arguments], cwd=clone, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the files of this one, and a version that can be released."""
    clone = tmp_path_factory.mktemp("release") / "origin"
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, files.split("\0")):
        if (ROOT / name).is_file() and not name.startswith("tests/"):
            (clone / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, clone / name)
    module, log = clone / "lib/migration_audit/__init__.py", clone / "CHANGELOG.md"
    module.write_text(re.sub(r'__version__ = ".*"', f'__version__ = "{VERSION}"', module.read_text("utf-8")), "utf-8")
    text = log.read_text("utf-8").replace("## Unreleased\n", f"## Unreleased\n\n## {VERSION} - 2027-01-02\n", 1)
    log.write_text(text, "utf-8")
    git(clone, "init", "--quiet", "--initial-branch=main")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message=Release")
    return clone


@pytest.fixture
def clone(origin: Path, tmp_path: Path) -> Path:
    git(tmp_path, "clone", "--quiet", str(origin), "clone")
    git(tmp_path / "clone", "config", "user.name", "R")
    git(tmp_path / "clone", "config", "user.email", "r@example.org")
    return tmp_path / "clone"


def release(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ".ci/release", *arguments], cwd=clone, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("version", "prepare", "says"),
    [
        ("7.8", None, "'7.8' is not a version"),
        ("7.8.8", None, "another __version__"),
        (VERSION, lambda clone: (clone / "new").write_text("x"), "the working tree has changes"),
        (VERSION, lambda clone: git(clone, "tag", f"v{VERSION}"), f"the tag v{VERSION} exists"),
    ],
)
def test_what_cannot_be_released_is_refused_with_what_to_do(clone, version, prepare, says):
    if prepare:
        prepare(clone)
    done = release(clone, version)
    assert (done.returncode, says in done.stderr, "→" in done.stderr) == (1, True, True)
    assert not (clone / "dist").exists()


@pytest.mark.slow
def test_a_release_is_a_tag_a_wheel_a_source_distribution_and_their_digests(clone):
    done = release(clone, VERSION)
    assert done.returncode == 0, done.stderr
    names = {path.name for path in (clone / "dist").iterdir()}
    wheel, sdist = f"migration_audit-{VERSION}-py3-none-any.whl", f"migration_audit-{VERSION}.tar.gz"
    assert names == {wheel, sdist, "SHA256SUMS", "NOTES.md"}
    sums = dict(reversed(line.split()) for line in (clone / "dist/SHA256SUMS").read_text().splitlines())
    assert sums == {name: hashlib.sha256((clone / "dist" / name).read_bytes()).hexdigest() for name in (wheel, sdist)}
    packed = zipfile.ZipFile(clone / "dist" / wheel).namelist()
    assert {"migration_audit/py.typed", "migration_audit/notebooks/40_signoff.ipynb"} <= set(packed)
    notes = (clone / "dist/NOTES.md").read_text("utf-8")
    assert notes.startswith("### ")
    assert git(clone, "tag", "--list", "--format=%(contents)", f"v{VERSION}").strip() == notes.strip()
    assert f"git push origin v{VERSION}" in done.stdout
