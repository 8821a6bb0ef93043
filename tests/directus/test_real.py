"""A few dozen generated cases on a real Directus; ``make directus`` runs thousands, on four versions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from directus.mutations import make_case
from directus.real import Real
from directus.run import try_case
from e2e.pipeline import VERSION, WANTED, directus_home

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(WANTED not in {"1", "if-possible"}, reason="installs a real Directus from npm: `make e2e` runs it"),
    pytest.mark.slow,
]
SEEDS = range(40)


@pytest.fixture(scope="module")
def real(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    home = directus_home()
    with server.cluster(tcp=True) as cluster:
        found = Real(VERSION, home, cluster.conninfo("postgres"), tmp_path_factory.mktemp("directus"))
        yield found
        found.close()


def test_model_and_reality_agree(real: Real) -> None:
    problems = {}
    for seed in SEEDS:
        case = make_case(seed, real.file)
        found = try_case(real, case).problems
        if found:
            problems[f"{seed}: {'; '.join(case.words)}"] = found
    assert problems == {}
