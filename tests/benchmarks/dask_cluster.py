"""A scheduler of dask.distributed and its workers on this machine, each a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def dask_cluster(folder: Path, *, workers: int, **variables: str) -> Iterator[str]:
    """The scheduler's address."""
    file = folder / "scheduler.json"
    with ExitStack() as stack:

        def start(program: str, *arguments: str) -> None:
            command = [str(Path(sys.executable).parent / "dask"), program, "--scheduler-file", str(file), *arguments]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
            process = subprocess.Popen(command, env=os.environ | variables, cwd=folder, **quiet)
            stack.callback(process.wait)
            stack.callback(process.terminate)

        start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show")
        while not (file.is_file() and file.stat().st_size):
            time.sleep(0.1)
        for _ in range(workers):
            start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", "--death-timeout", "60")
        yield str(json.loads(file.read_text("utf-8"))["address"])
