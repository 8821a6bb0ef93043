"""What a started process inherits: nohup, and a shell in the background, have its children ignore signals."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

SENT = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT)


@contextmanager
def default_signals() -> Iterator[None]:
    """A process that is started in here takes SIGINT, SIGHUP and SIGQUIT as from a terminal, whatever the tests inherited.

    Not ``preexec_fn``: Python 3.12 warns of it where there are threads. ``execve(2)``: an ignored signal stays ignored.
    """
    ignored = [number for number in SENT if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
