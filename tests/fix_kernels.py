"""Kernels of commands in tests: forks of the command before it began, in which what notebooks import is there already.

Starting a Python and importing takes a kernel more than a second of processor time, several times what most notebooks of
tests take. A fork runs the code that the command starts a kernel with, with the arguments, variables, streams and the
session of its own that the command gives it. ``demo``, and a command that is started without ``run_cli``, have real ones.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any

LIBRARIES = ("ipykernel.kernelapp", "ipykernel.zmqshell", "jupyter_client.provisioning.local_provisioner")
"""What a kernel imports in addition to what a command does."""


class Kernel:
    """A kernel, as far as ``subprocess.Popen`` is asked about one. How it ended is not known: it is not our child."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int | None:
        return self._ended(timeout)

    def _ended(self, timeout: float | None) -> int | None:
        return 0 if select.select([self._handle], [], [], timeout)[0] else None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._handle, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


def fork_kernels() -> str | None:
    """From now on kernels of this process are forks of it as it is now; in such a fork, the code that it is to run."""
    from jupyter_client.provisioning import local_provisioner

    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        ours.close()
        return _serve(theirs)
    theirs.close()

    def launch_kernel(
        cmd: list[str], *, env: dict[str, str], stdin: Any, stdout: Any, stderr: Any, cwd: str | None = None, **_: Any
    ) -> Kernel:
        request = json.dumps({"command": cmd, "variables": env, "cwd": cwd or str(Path.cwd())}).encode()
        socket.send_fds(ours, [request], [stdin.fileno(), stdout.fileno(), stderr.fileno()])
        return Kernel(int(ours.recv(100)))

    local_provisioner.launch_kernel = launch_kernel
    return None


def _serve(channel: socket.socket) -> str:
    """Fork for each kernel; ends, and its kernels with it, when the command has ended."""
    os.closerange(3, channel.fileno())
    os.closerange(channel.fileno() + 1, 1024)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a kernel
    parent = os.getpid()
    while True:
        request, files, _, _ = socket.recv_fds(channel, 1 << 20, 3)
        if not request:
            os._exit(0)
        reader, writer = os.pipe()
        if (pid := os.fork()) == 0:
            break
        os.close(writer)
        os.read(reader, 1)  # it has a session of its own
        for file in (reader, *files):
            os.close(file)
        channel.send(b"%d" % pid)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    channel.close()
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
    for file in (reader, writer, *files):
        os.close(file)
    asked = json.loads(request)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["variables"], JPY_PARENT_PID=str(parent))
    python, safe, c, code, *arguments = asked["command"]
    assert (python, safe, c) == (sys.executable, "-P", "-c"), asked["command"]
    sys.argv = ["-c", *arguments]
    del sys.path[0]
    return str(code)
