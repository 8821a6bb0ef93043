"""A few dozen generated cases on a real Directus; ``make directus`` runs thousands, on four versions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from directus.mutations import make_case
from directus.real import Real
from directus.run import try_case
from e2e.pipeline import WANTED, install

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(WANTED not in {"1", "if-possible"}, reason="installs a real Directus from npm: `make e2e` runs it"),
    pytest.mark.slow,
]
SEEDS = range(40)


@pytest.fixture(scope="module")
def real(server: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    try:
        modules: Path = install()
    except (OSError, RuntimeError) as error:
        if WANTED == "if-possible":
            pytest.skip(f"Directus cannot be installed here: {error}")
        raise
    with server.cluster(tcp=True) as cluster:
        found = Real("11.17.4", modules, cluster.conninfo("postgres"), tmp_path_factory.mktemp("directus"))
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
