"""Kernels of our own: this very Python, private sockets and files, and an end to all of them when the caller is stopped."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from migration_audit.model.errors import NotebookError
from migration_audit.project.secrecy import secret_variables, without_secrets
from migration_audit.shadow.guard import remove
from migration_audit.shadow.paths import Account
from migration_audit.shadow.rundir import new_directory

_LAUNCH = """
import json, os
with os.fdopen(os.dup(0), "rb") as given:
    os.environ.update(json.loads(given.read()))
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
from ipykernel import kernelapp
kernelapp.launch_new_instance()
"""
"""What a kernel starts with: the variables that must not be readable in its environment come by its standard input."""


@contextmanager
def open_kernels() -> Iterator[Kernels]:
    """Kernels with a private folder; afterwards none runs and the folder is gone, whatever happened."""
    with new_directory(Account(os.geteuid(), os.getegid())) as (folder, held):
        kernels = Kernels(folder)
    try:
        yield kernels
    finally:
        kernels.stop()
        kernels.close()
        remove(folder)
        held.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class LentKernel:
    """A kernel for one notebook at a time."""

    manager: Any
    """Its AsyncKernelManager; its first user starts it."""
    arguments: list[str]
    log: Path
    """What it wrote that is not an output of a cell."""

    @property
    def is_ended(self) -> bool:
        """Whether it was started and runs no more."""
        process = _process(self.manager)
        return process is not None and process.poll() is not None


class Kernels:
    """The kernels of one run; ``open_kernels`` makes this.

    A kernel costs more than a second of processor time before its first cell, so one that has executed a notebook to its end
    is cleared and used again. What a notebook fails in is not.
    """

    def __init__(self, folder: Path) -> None:
        """None runs yet; the path of ``folder`` has to leave room for a socket's name."""
        self.folder = folder
        self._ipython = folder / "ipython"
        self._ipython.mkdir()
        self._managers: list[Any] = []
        self._idle: list[LentKernel] = []
        self._lock = threading.Lock()
        self._is_stopped = False
        self._arguments = [
            # A kernel that is asked to stop is interrupted first, and would print that on the caller's terminal.
            "--log-level=CRITICAL",
            # No startup files of a user and no history, and no home directory is needed.
            f"--ipython-dir={self._ipython}",
            # A secrets.py in the caller's folder is not the module that the audit imports.
            "--IPKernelApp.ignore_cwd=True",
            # Out[3] is not needed in a notebook that runs by itself, and each table of a large catalog would stay.
            "--InteractiveShell.cache_size=0",
        ]

    @contextmanager
    def lend(self) -> Iterator[LentKernel]:
        """A kernel with nothing in it; it is ended when the block raises. Raises NotebookError after ``stop``."""
        with self._lock:
            self._idle = [kernel for kernel in self._idle if not kernel.is_ended]
            kernel = self._idle.pop() if self._idle else None
        kernel = kernel or self._made()
        try:
            yield kernel
        except BaseException:
            _kill(kernel.manager)
            raise
        with self._lock:
            self._idle.append(kernel)

    def _made(self) -> LentKernel:
        log = Path(tempfile.mkdtemp(dir=self.folder)) / "log"
        return LentKernel(manager=self._manager_class(log)(), arguments=self._arguments, log=log)

    def _manager_class(self, log: Path) -> type[Any]:
        """A class whose instance starts one kernel, which writes to ``log`` what is not an output of a cell.

        After ``stop`` to create one raises NotebookError.
        """
        from jupyter_client.kernelspec import KernelSpec  # noqa: PLC0415  slow to import
        from jupyter_client.manager import AsyncKernelManager  # noqa: PLC0415

        kernels = self
        spec = KernelSpec(
            # -P: a file of the audited tree, where the caller is, is not a module of the kernel.
            argv=[sys.executable, "-P", "-c", _LAUNCH, "-f", "{connection_file}"],
            display_name="Python 3",
            language="python",
        )

        class PrivateKernelManager(AsyncKernelManager):  # type: ignore[misc]
            kernel_spec = spec  # not the one that a file called python3 in the user's home describes

            def __init__(self, **settings: Any) -> None:
                # Sockets in a private folder: no port race, and nothing that others could read.
                own = Path(tempfile.mkdtemp(prefix="k-", dir=kernels.folder))
                private = {"transport": "ipc", "ip": str(own / "k"), "connection_file": str(own / "connection.json")}
                super().__init__(**{**settings, **private})
                kernels._managers.append(self)
                if kernels._is_stopped:
                    raise NotebookError("the run was interrupted", todo="run it again")

            async def start_kernel(self, **settings: Any) -> None:
                # What a kernel says in addition to its outputs, at its end above all, is nothing for the caller's terminal.
                # IPython looks for a folder in the home directory before it reads its arguments, and makes one elsewhere,
                # which stays, where it may not write there.
                variables = {**without_secrets(os.environ), "IPYTHONDIR": str(kernels._ipython)}
                with log.open("wb") as file, tempfile.TemporaryFile(dir=kernels.folder) as secrets:
                    secrets.write(json.dumps(secret_variables(os.environ)).encode())
                    secrets.seek(0)
                    given = {"env": variables, "stdin": secrets, "stdout": file, "stderr": file}
                    await super().start_kernel(**(settings | given))
                if kernels._is_stopped:  # since it was begun
                    kernels.stop()

        return PrivateKernelManager

    def stop(self) -> None:
        """Kill every kernel at once, and let no other one start; the servers that they had end with them."""
        self._is_stopped = True
        for manager in list(self._managers):
            _kill(manager)

    def close(self) -> None:
        """Close the sockets of kernels that were stopped, and wait until they are gone."""
        if not self._managers:
            return
        from jupyter_core.utils import run_sync  # noqa: PLC0415  slow to import

        for manager in self._managers:
            if (process := _process(manager)) is not None:
                process.wait()
            run_sync(manager.cleanup_resources)()


def _process(manager: Any) -> Any:
    """The process of a kernel; None where it was not started."""
    return getattr(manager.provisioner, "process", None)


def _kill(manager: Any) -> None:
    process = _process(manager)
    if process is not None and process.poll() is None:
        process.kill()
