"""What is run at the same time ends when the caller is interrupted, also where Python drops the interruption."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from threading import Event

import pytest

from migration_audit.audit.run_in_parallel import run_in_parallel
from migration_audit.shadow.rundir import Descriptors


def plain() -> None:
    signal.raise_signal(signal.SIGINT)


def dropped() -> None:
    """As in a callback of the import system, which prints the exception and goes on."""
    with suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("meanwhile", [plain, dropped])
def test_an_interruption_ends_what_waits_for_a_server(
    meanwhile: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = Event()
    monkeypatch.setattr(Descriptors, "close_all", stopped.set)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            run_in_parallel(lambda _: stopped.wait(60), [1, 2], meanwhile=meanwhile)
        assert stopped.is_set()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_without_one_the_results_are_in_order() -> None:
    assert run_in_parallel(lambda item: item * 2, [3, 1, 2]) == [6, 2, 4]
