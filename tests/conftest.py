"""Real servers for tests: one cluster for the session, an empty database for each test that asks for one."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from migration_audit.shadow import find_server

pytest_plugins = [
    "fix_demo",
    "fix_fleet",
    "fix_outside",
    "fix_production",
    "fix_runners",
    "fix_signed",
    "fix_audited",
    "fix_timescale",
    "fix_ways",
]

# Without bytecode, each command and each kernel that a test starts compiles 600 modules first: more than half of its start.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# In memory, where there is enough: ext4 passes over inodes that were freed within the last seconds, and looks for others at
# each file of a new database, a quarter of all processor time. What tests write for themselves stays where pytest puts it.
_MEMORY = Path("/dev/shm")
if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free > 8 << 30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", tempfile.gettempdir())
    os.environ["TMPDIR"] = str(_MEMORY)
    tempfile.tempdir = None
# jsonschema's optional rfc3987_syntax compiles 39 grammars at import, over a second; nothing here needs it.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

collect_ignore = ["data"]  # example projects with tests of their own

_numbers = itertools.count(1)

LONGEST = ("e2e", "notebooks", "production", "signoff", "runners", "directus", "drift", "database", "browser")
"""Folders in whose files tests take seconds. They come first: whoever is given a long file last lets the others wait."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What is collected stays to the end: no garbage collection looks at it, neither while it is made nor later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Whether all tests were run: `make retest` repeats single ones of a whole run only."""
    if not hasattr(session.config, "workerinput") and getattr(session.config, "cache", None) is not None:
        has_ended = exitstatus in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
        session.config.cache.set("session/is_whole", has_ended and not (session.shouldfail or session.shouldstop))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The order in which files are given to workers, where pytest-xdist leaves it as it is (``--no-loadscope-reorder``)."""
    here = len(Path(__file__).parent.parts)
    places = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path.parts[here], len(places)))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """As many as processors, and one more with servers: then a worker waits again and again, for one of them or a kernel."""
    processors = os.process_cpu_count() if sys.version_info >= (3, 13) else len(os.sched_getaffinity(0))
    return processors + ("not server" not in config.option.markexpr)


def _say(line: str) -> None:
    print(line)


@pytest.fixture(scope="session")
def server() -> Any:
    """The server that the tests run on: the one named by MIGRATION_AUDIT_SERVER, else the first with the extensions."""
    return find_server(extensions=["timescaledb", "postgis"], progress=_say)


@pytest.fixture(scope="session")
def cluster(server: Any) -> Iterator[Any]:
    """One running cluster for the whole session."""
    with server.cluster() as running:
        yield running


@pytest.fixture
def database(cluster: Any) -> Iterator[str]:
    """The connection string of an empty database, dropped after the test."""
    name = f"test_{next(_numbers)}"
    conninfo = cluster.create_database(name)
    yield conninfo
    cluster.drop_database(name)
