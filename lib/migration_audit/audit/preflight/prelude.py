"""What a platform provides before both sources run: applied to every shadow, and left out of the comparison."""

from __future__ import annotations

from collections.abc import Sequence

from migration_audit import catalog, shadow, sources
from migration_audit.audit.coverage import Keys
from migration_audit.model.progress import Progress
from migration_audit.model.snapshot import RolesRead, Snapshot
from migration_audit.model.sql import SqlSource
from migration_audit.project import Project
from migration_audit.shadow.prepared import PreparedServer


def load_prelude(project: Project) -> SqlSource | None:
    """The SQL of ``prelude`` in audit.toml; None where it names none. Raises SourceError."""
    if not project.prelude:
        return None
    return sources.load_globs("prelude", project.directory, project.prelude, shown_from=project.directory)


def find_server_with_prelude(project: Project, needed: Sequence[frozenset[str]], progress: Progress) -> shadow.ShadowServer:
    """A server with these extensions and those of the prelude, which every database of it then has in it already.

    Raises SourceError for a prelude that cannot be read, ServerError where there is no such server.
    """
    prelude = load_prelude(project)
    of_prelude = sources.needed_extensions(prelude) if prelude else frozenset[str]()
    wanted = sorted(of_prelude.union(*needed))
    server = shadow.find_server(project.provider, extensions=wanted, progress=progress)
    return PreparedServer(server, [prelude]) if prelude else server


def read_base(server: shadow.ShadowServer) -> Snapshot | None:
    """The catalog of a new database of this server, where a prelude makes something in it; else None. Raises AuditError."""
    if not isinstance(server, PreparedServer):
        return None
    with server.cluster() as cluster:
        roles = RolesRead.OWN if cluster.is_private else RolesRead.NONE
        return catalog.read_snapshot(cluster.create_database("base"), roles=roles).snapshot


def shared_with(base: Snapshot | None, *sides: Snapshot) -> Keys:
    """The objects of the prelude that every side has as the prelude made them; what a side changed is its own business."""
    if base is None:
        return ()
    return tuple(key for key, obj in base.by_key.items() if all(side.by_key.get(key) == obj for side in sides))
