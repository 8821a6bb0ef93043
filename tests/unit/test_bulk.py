"""Work that makes many objects searches for no reference cycles, and leaves the search as it was."""

from __future__ import annotations

import gc
from contextlib import ExitStack

import pytest

from migration_audit.model.bulk import many_objects


def test_the_search_for_cycles_is_off_within_and_on_again_whatever_happened() -> None:
    with pytest.raises(ValueError, match="x"), many_objects():
        assert not gc.isenabled()
        raise ValueError("x")
    assert gc.isenabled()


@pytest.mark.parametrize("ends_first", ["one", "other"])
def test_blocks_of_two_threads_may_overlap(ends_first: str) -> None:
    blocks = {"one": ExitStack(), "other": ExitStack()}
    for block in blocks.values():
        block.enter_context(many_objects())
    assert not gc.isenabled()
    blocks.pop(ends_first).close()
    assert not gc.isenabled()
    blocks.popitem()[1].close()
    assert gc.isenabled()


def test_who_turned_it_off_keeps_it_off() -> None:
    gc.disable()
    try:
        with many_objects():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
