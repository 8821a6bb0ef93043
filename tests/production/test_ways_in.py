"""Whatever leads to a database, an audit through it says the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fix_network import proxy
from fix_production import ROLE, Production, production
from fix_ways import pooled, standby_of
from migration_audit.model.finding import CheckResult

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def prod(demo_variables: dict[str, str], demo_facts: Path) -> Iterator[Production]:
    with production("prod", demo_variables, demo_facts) as made:
        yield made


@pytest.fixture(scope="module")
def whole(prod: Production) -> dict[str, CheckResult]:
    return prod.results(prod.as_role())


@pytest.mark.parametrize(("pool_mode", "size"), [("session", 5), ("transaction", 5), ("transaction", 1)])
def test_through_pgbouncer(
    pool_mode: str, size: int, prod: Production, whole: dict[str, CheckResult], pgbouncer: Path
) -> None:
    with pooled(pgbouncer, prod.conninfo, pool_mode=pool_mode, role=ROLE, size=size) as conninfo:
        assert prod.results(conninfo) == whole


def test_on_a_hot_standby(prod: Production, whole: dict[str, CheckResult], server: Any, demo_cluster: Any) -> None:
    with standby_of(server, demo_cluster, prod.as_role()) as conninfo:
        results = prod.results(conninfo)
    assert results.pop("LIV001").reason == "read database trm_prod as role auditor, a standby"
    assert results == {check: result for check, result in whole.items() if check != "LIV001"}


def test_through_tcp(prod: Production, whole: dict[str, CheckResult]) -> None:
    with proxy(prod.as_role()) as way:
        assert prod.results(way.conninfo) == whole


def test_where_the_role_reads_only_anyway(prod: Production, whole: dict[str, CheckResult]) -> None:
    prod.execute(f"alter role {ROLE} set default_transaction_read_only = on")
    try:
        assert prod.results(prod.as_role()) == whole
    finally:
        prod.execute(f"alter role {ROLE} reset default_transaction_read_only")


def test_through_a_service_file(
    prod: Production, whole: dict[str, CheckResult], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = dict(part.split("=", 1) for part in prod.as_role().replace("'", "").split() if part != "user=postgres")
    (tmp_path / "services").write_text("[prod]\n" + "".join(f"{k}={v}\n" for k, v in parts.items()), encoding="utf-8")
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "services"))
    assert prod.results("service=prod") == whole


def test_a_long_way(prod: Production, whole: dict[str, CheckResult]) -> None:
    """100 ms more for each round trip: the same result."""
    with proxy(prod.as_role(), delay=0.05) as way:
        assert prod.results(way.conninfo) == whole
        assert way.round_trips < 45
