"""The examples in docstrings run: what a page of code shows is what it does."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

LIB = Path(__file__).resolve().parents[2] / "lib"
MODULES = sorted(
    ".".join(path.relative_to(LIB).with_suffix("").parts)
    for path in LIB.glob("migration_audit/**/*.py")
    if ">>> " in path.read_text("utf-8")
)


def test_there_are_examples() -> None:
    assert len(MODULES) > 40


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    module = importlib.import_module(name.removesuffix(".__init__"))
    examples = [test for test in doctest.DocTestFinder(exclude_empty=True).find(module, name) if test.examples]
    assert examples, "'>>> ' is in the file, and in no docstring"
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.FAIL_FAST)
    output: list[str] = []
    failed = sum(runner.run(example, out=output.append).failed for example in examples)
    assert not failed, "".join(output)
