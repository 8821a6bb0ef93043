"""Whether SQL on a shadow can reach anything but the shadow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache

from migration_audit.shadow import sandbox
from migration_audit.shadow.binaries import BinaryServer
from migration_audit.shadow.interface import ShadowServer
from migration_audit.shadow.paths import server_account
from migration_audit.shadow.prepared import PreparedServer
from migration_audit.shadow.processes import watcher_environment
from migration_audit.shadow.settings import ISOLATION_VARIABLE

_LIMIT = 20


def why_not_isolated(server: ShadowServer) -> str | None:
    """Why the servers of shadows see more of this machine than their own files; None when they do not.

    None for a server that is not started here: what it sees is for its operator to know.
    """
    inner = server.server if isinstance(server, PreparedServer) else server
    if not isinstance(inner, BinaryServer):
        return None
    if os.environ.get(ISOLATION_VARIABLE) == "off":
        return f"{ISOLATION_VARIABLE}=off"
    return _asked()


def described(server: ShadowServer) -> str:
    """The server's description, and that it is not cut off from this machine where it is not."""
    why = why_not_isolated(server)
    return server.description if why is None else f"{server.description}, not isolated from this machine ({why})"


@cache
def _asked() -> str | None:
    account = server_account()
    asked = json.dumps(None if account.is_caller else [account.uid, account.gid])
    command = [sys.executable, "-I", "-S", sandbox.__file__, asked]
    try:
        done = subprocess.run(
            command, env=watcher_environment(), capture_output=True, text=True, check=False, timeout=_LIMIT, cwd="/"
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"it could not be tested: {error}"
    return done.stdout.strip() or (f"it could not be tested: {done.stderr.strip()[-200:]}" if done.returncode else None)
