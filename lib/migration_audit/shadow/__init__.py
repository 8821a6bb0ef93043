"""Real servers for throw-away databases: four providers, private clusters, always cleaned up.

``find_server`` chooses a server, ``server.cluster()`` is a running one, ``cluster.create_database()`` a database in it::

    server = find_server(extensions={"timescaledb"}, progress=print)
    with server.cluster() as cluster:
        conninfo = cluster.create_database("shadow")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration_audit.model.on_use import names_on_use

if TYPE_CHECKING:
    from migration_audit.shadow.interface import Cluster, ShadowServer, Status
    from migration_audit.shadow.running import described, install, start, status, stop, why_not_isolated
    from migration_audit.shadow.select import find_server

__all__ = [
    "Cluster",
    "ShadowServer",
    "Status",
    "described",
    "find_server",
    "install",
    "start",
    "status",
    "stop",
    "why_not_isolated",
]

__getattr__ = names_on_use(__name__)
