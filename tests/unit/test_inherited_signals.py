"""Tests that stop a process can run under nohup and in the background, where signals are inherited as ignored."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fix_signals import SENT, default_signals

SHOWS = f"import signal; print([n for n in {[*map(int, SENT)]} if signal.getsignal(n) is signal.SIG_IGN])"


@pytest.fixture
def all_ignored() -> Iterator[None]:
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in SENT]
    yield
    for number, handler in before:
        signal.signal(number, handler)


def ignored_in_a_child() -> list[int]:
    done = subprocess.run([sys.executable, "-c", SHOWS], capture_output=True, text=True, check=True)
    found: list[int] = json.loads(done.stdout)
    return found


def test_a_child_ignores_what_the_tests_ignore_unless_it_is_started_with_the_defaults(all_ignored: None) -> None:
    assert ignored_in_a_child() == list(SENT)
    with default_signals():
        assert ignored_in_a_child() == []
    assert ignored_in_a_child() == list(SENT), "nohup is still meant for the tests themselves"


def test_a_handler_of_the_tests_stays() -> None:
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        mine = signal.getsignal(signal.SIGINT)
        with default_signals():
            assert signal.getsignal(signal.SIGINT) is mine
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)
