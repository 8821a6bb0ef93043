"""The bundled example as live databases: three histories on the embedded server, for as long as they are used."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import migration_audit
from migration_audit.project import Project, load_project, project_file

DEMO = "demo"
"""The name under which notebooks and the command line ask for the bundled example."""


def demo_root() -> Path:
    """The folder of the bundled ``trm`` tree."""
    return Path(migration_audit.__file__).parent / "demo" / "trm"


def demo_project() -> Project:
    """The bundled example's audit.toml."""
    return load_project(demo_root() / "audit.toml")


@contextmanager
def retired_project() -> Iterator[Project]:
    """The audit.toml of the same tree after a correct retirement, which is deleted afterwards."""
    from migration_audit.demo import copy_retired_tree  # noqa: PLC0415  it brings servers and drivers

    with TemporaryDirectory(prefix="migration-audit-demo-") as folder:
        yield load_project(copy_retired_tree(Path(folder) / "trm") / "audit.toml")


@contextmanager
def demo_databases(
    project: Project, *, names: Sequence[str] | None = None, progress: Callable[[str], None]
) -> Iterator[dict[str, str]]:
    """Variables that lead to freshly built databases of the demo's environments, which are gone afterwards.

    ``names`` are the environments that are wanted, all of them by default. Raises ServerError where no server with
    TimescaleDB can be had, and SqlError-like errors of the histories as they are.
    """
    from migration_audit import shadow  # noqa: PLC0415  only who builds databases needs servers and drivers
    from migration_audit.audit.run_in_parallel import run_in_parallel  # noqa: PLC0415
    from migration_audit.demo import build_database, histories  # noqa: PLC0415

    server = shadow.find_server(project.provider, extensions=["timescaledb", "postgis"], progress=progress)
    wanted = [h for h in histories(project.directory) if names is None or h.environment in names]
    with server.cluster(fresh=True) as cluster:
        conninfos = run_in_parallel(lambda h: cluster.create_database(f"trm_{h.environment}"), wanted)
        run_in_parallel(lambda pair: build_database(pair[0], pair[1], project=project), zip(wanted, conninfos, strict=True))
        variables = {h.environment: project.environment(h.environment).dsn_env or "" for h in wanted}
        yield {variables[h.environment]: c for h, c in zip(wanted, conninfos, strict=True)}


def lacks_databases(project: Project, names: Sequence[str]) -> bool:
    """Whether this is the demo and the variables of these environments are not set."""
    if project.path != demo_root() / "audit.toml":
        return False
    return not any(os.environ.get(project.environment(name).dsn_env or "") for name in names)


def signing_project(config: Path | None) -> Project:
    """The project of the audit.toml that was named, of the nearest one, or of the demo. Raises AuditError."""
    if str(config) == DEMO:
        return demo_project()
    return load_project(project_file(config or Path()))
