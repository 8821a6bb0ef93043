"""What is known of published images that Dockerfiles build on: the entrypoint, and what is at the root."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from migration_audit.artifacts.shell.path_changes import SYSTEM
from migration_audit.artifacts.shell.path_state import FOLDER, NOTHING, PathState, unknown
from migration_audit.model.unset import readable

OWN_FOLDERS: Final[Mapping[str, frozenset[str]]] = {
    "alpine": frozenset(),
    "busybox": frozenset(),
    "debian": frozenset(),
    "directus/directus": frozenset({"directus"}),
    "fedora": frozenset({"afs"}),
    "golang": frozenset({"go"}),
    "node": frozenset(),
    "postgis/postgis": frozenset({"docker-entrypoint-initdb.d"}),
    "postgres": frozenset({"docker-entrypoint-initdb.d"}),
    "python": frozenset(),
    "ruby": frozenset(),
    "rust": frozenset(),
    "timescale/timescaledb": frozenset({"docker-entrypoint-initdb.d"}),
    "ubuntu": frozenset(),
}
"""Images without an ENTRYPOINT, or whose ENTRYPOINT runs the command that it is given; and what each has at its root in
addition to the folders of every system (their Dockerfiles say so)."""
PROGRAMS: Final = {
    "flyway/flyway": ("flyway",),
    "redgate/flyway": ("flyway",),
    "migrate/migrate": ("migrate",),
    "amacneil/dbmate": ("/usr/local/bin/dbmate",),
}
"""Images whose ENTRYPOINT is one program, which takes the command for its arguments (their Dockerfiles say so)."""
_REGISTRY: Final = re.compile(r"\A(?:docker\.io/|ghcr\.io/|quay\.io/|public\.ecr\.aws/docker/)?(?:library/)?")
_EVERYWHERE: Final = frozenset({"bin", "dev", "etc", "home", "proc", "root", "sys", "tmp", "usr", "var"})


def base_name(base: str) -> str:
    """The name of an image without its registry, version and digest: ``a/b`` of ``ghcr.io/a/b:1``."""
    folder, slash, last = base.partition("@")[0].rpartition("/")
    return _REGISTRY.sub("", f"{folder}{slash}{last.partition(':')[0]}")


def path_in_base(base: str, path: str) -> PathState:
    """What an image that is not built here has at a path."""
    name = base_name(base)
    if base == "scratch":
        return FOLDER if path == "/" else NOTHING
    first = path.split("/")[1] if path.count("/") else ""
    if path == "/" or (name in OWN_FOLDERS and path == f"/{first}" and first in _EVERYWHERE):
        return FOLDER
    if name in OWN_FOLDERS and first not in OWN_FOLDERS[name] and not SYSTEM.fullmatch(first):
        return NOTHING
    return unknown(f"no file of the project is copied there, and it is not known whether {readable(base)} contains it")
