"""The whole installation from a mirror: 105 MB each time, so only when asked for.

``MIGRATION_AUDIT_TEST_INSTALL=1 pytest tests/database/test_shadow_installation.py``
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    os.environ.get("MIGRATION_AUDIT_TEST_INSTALL") != "1",
    reason="downloads 105 MB several times; MIGRATION_AUDIT_TEST_INSTALL=1 asks for it",
)
LIMIT = 600.0
INSTALL = """
import os, sys
os.umask(0o077)
from migration_audit.shadow import find_server
server = find_server(sys.argv[1], extensions=["timescaledb", "postgis"], progress=lambda line: print(line, flush=True))
with server.cluster() as cluster:
    cluster.create_database("x")
print("done", server)
"""


@pytest.fixture
def cache() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def install(cache: Path, suite: str = "debian") -> subprocess.Popen[str]:
    environment = os.environ | {"MIGRATION_AUDIT_CACHE": str(cache)}
    return subprocess.Popen(
        [sys.executable, "-c", INSTALL, suite], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )


def said(process: subprocess.Popen[str]) -> str:
    return process.communicate(timeout=LIMIT)[0]


def homes(cache: Path, suite: str = "trixie") -> list[Path]:
    return list(cache.glob(f"debian-{suite}.*[!k]"))


def test_two_at_once_download_once(cache: Path) -> None:
    outputs = [said(process) for process in [install(cache), install(cache)]]
    assert all("done PostgreSQL 17" in text for text in outputs), outputs
    assert sum("downloading" in text for text in outputs) == 1
    assert sum("waiting for another installation" in text for text in outputs) == 1
    home = (cache / "debian-trixie").resolve()
    assert not list(home.rglob("*.deb"))
    assert not (home / "apt").exists()
    assert "downloading" not in said(install(cache))


@pytest.mark.parametrize("line", ["reading", "downloading", "unpacking", "starting"])
def test_an_interrupted_installation_is_not_trusted(cache: Path, line: str) -> None:
    process = install(cache)
    assert process.stdout is not None
    limit = time.monotonic() + LIMIT
    while line not in process.stdout.readline():
        assert time.monotonic() < limit
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (cache / "debian-trixie").exists()
    assert len(homes(cache)) == 1
    text = said(install(cache))
    assert "downloading" in text
    assert "done PostgreSQL 17" in text
    assert [(cache / "debian-trixie").resolve()] == homes(cache)


def test_sid_is_installed_by_the_same_code(cache: Path) -> None:
    assert "Debian sid packages" in said(install(cache, "debian:sid"))
