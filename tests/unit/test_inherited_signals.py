"""Tests that stop a process can run under nohup and in the background, where SIGINT and SIGHUP are inherited as ignored."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from fix_signals import default_signals

SHOWS = "import signal; print(*(signal.getsignal(n) is signal.SIG_IGN for n in (signal.SIGINT, signal.SIGHUP)))"


@pytest.fixture
def both_ignored() -> Iterator[None]:
    before = [(number, signal.signal(number, signal.SIG_IGN)) for number in (signal.SIGINT, signal.SIGHUP)]
    yield
    for number, handler in before:
        signal.signal(number, handler)


def ignored_in_a_child() -> str:
    return subprocess.run([sys.executable, "-c", SHOWS], capture_output=True, text=True, check=True).stdout.strip()


def test_a_child_ignores_what_the_tests_ignore_unless_it_is_started_with_the_defaults(both_ignored: None) -> None:
    assert ignored_in_a_child() == "True True"
    with default_signals():
        assert ignored_in_a_child() == "False False"
    assert ignored_in_a_child() == "True True", "nohup is still meant for the tests themselves"


def test_a_handler_of_the_tests_stays() -> None:
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        mine = signal.getsignal(signal.SIGINT)
        with default_signals():
            assert signal.getsignal(signal.SIGINT) is mine
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, before)
