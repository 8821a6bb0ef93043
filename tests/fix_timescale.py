"""Servers with other versions and editions of TimescaleDB than the one that most tests run on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from migration_audit.shadow import find_server, status

NEWEST = "debian:sid"


@pytest.fixture(scope="session")
def newest_server() -> Any:
    """The newest TimescaleDB that Debian packages; skips the test where it is not installed."""
    row = next((row for row in status() if row.provider == NEWEST), None)
    if row is None or not row.usable or "not installed" in row.detail:
        pytest.skip(f"{NEWEST} cannot be used: {row.detail if row else 'this machine has no Debian packages'}")
    return find_server(NEWEST, progress=pytest.fail)


@pytest.fixture(scope="session")
def newest_cluster(newest_server: Any) -> Iterator[Any]:
    """One running cluster of it for the whole session."""
    with newest_server.cluster() as running:
        yield running
