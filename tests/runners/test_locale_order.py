"""The order of file names that Node.js gives, and ours."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from fix_runners import CASES, SEED, ran
from migration_audit.formats.plain_files import locale_order, numeric_order

SORTED = "console.log(JSON.stringify(JSON.parse(process.argv[1]).sort((a, b) => a.localeCompare(b, undefined, {options}))))"
NUMERIC = "{ usage: 'sort', numeric: true, sensitivity: 'variant', ignorePunctuation: true }"
LETTERS = "012aAbBzZ_-.,; '()[]{}@&#%+<=>|~$éÉñ"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
@pytest.mark.parametrize(
    ("options", "key"), [("{}", locale_order), (NUMERIC, numeric_order)], ids=["localeCompare", "numeric, no punctuation"]
)
@pytest.mark.parametrize("number", range(CASES))
def test_the_order_of_node(options: str, key: Callable[[str], Any], number: int, tmp_path: Path) -> None:
    rng = Random(f"order {SEED} {number}")
    names = ["".join(rng.choices(LETTERS, k=rng.randint(1, 6))) for _ in range(200)]
    command = ["node", "-e", SORTED.replace("{options}", options), json.dumps(names)]
    assert sorted(names, key=key) == json.loads(ran(command, cwd=tmp_path).output)
