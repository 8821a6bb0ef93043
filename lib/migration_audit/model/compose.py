"""What Compose files say about the services of a stack, after everything that the specification merges is merged.

Source: https://github.com/compose-spec/compose-spec/blob/main/spec.md, checked against ``docker compose config``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from migration_audit.model.location import Location
from migration_audit.model.unset import as_empty


class Condition(StrEnum):
    """What a service waits for before it starts."""

    STARTED = "service_started"
    """The other container was started, whatever it does."""
    HEALTHY = "service_healthy"
    """Its health check succeeded."""
    COMPLETED = "service_completed_successfully"
    """It ran to its end, with exit code 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """Something of a service that cannot be known from the files, and why."""

    part: str
    """The key of the service that it is about: ``healthcheck``, ``depends_on``, ``command``, …"""
    path: tuple[str, ...] | None = ()
    """Where in this part it is: ``("db", "condition")``, ``("test", "0")``; empty for all of it. None where it is no
    variable without a value, but the part as a whole that is in doubt."""
    reason: str
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class DependsOn:
    """One entry of ``depends_on``; the short form waits for nothing but the start."""

    service: str
    condition: str
    """A ``Condition``, or whatever else the file says."""
    required: bool
    """False: Compose only warns when the other service is not there."""
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """A health check as the engine gets it."""

    test: tuple[str, ...] | None
    """``("CMD", …)``, ``("CMD-SHELL", "…")`` or ``("NONE",)``; None where the image's own test is kept."""
    disabled: bool
    """``disable: true``, or the test ``NONE``."""
    at: Location
    always_succeeds: bool = False
    """Whether it succeeds whatever the service does, such as ``true``, or ``pg_isready || true``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandWords:
    """``command`` or ``entrypoint`` as a list of words; no shell looks at them unless the first of them is one.

    Variables without a value are marked in them (``model/unset.py``), as in every other text of a service.
    """

    words: tuple[str, ...]
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """What the image of a service is built from."""

    context: str
    """The folder, in full."""
    dockerfile: str
    """Relative to the context, or in full."""
    target: str | None
    """The stage; None for the last one."""
    args: tuple[tuple[str, str | None], ...]
    """None for a value that cannot be known."""
    at: Location


class MountKind(StrEnum):
    """What a mount does to what the image has there."""

    BIND = "bind"
    """A path of the host hides it."""
    VOLUME = "volume"
    """It begins with what the image has, and keeps what an earlier container wrote."""
    TMPFS = "tmpfs"
    """It hides it, and is empty."""
    CONFIG = "config"
    """A file of ``configs`` or ``secrets``."""
    OTHERS = "others"
    """``volumes_from``: the mounts of another service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """What is put over a path of the image when a container starts."""

    source: str
    """Of a bind mount, the path in full; of all others, a name."""
    target: str
    at: Location
    kind: MountKind = MountKind.BIND
    is_named: bool = False
    """Of a volume: whether it has a name of its own, and so outlives the container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service, merged."""

    name: str
    at: Location
    active: bool
    """Whether the chosen profiles start it."""
    profiles: tuple[str, ...]
    depends_on: tuple[DependsOn, ...]
    healthcheck: HealthCheck | None
    """None where the files say nothing: then the image's own counts."""
    entrypoint: CommandWords | None
    """None for the image's; no words: the image's is taken away."""
    command: CommandWords | None
    image: str | None
    build: Build | None
    environment: tuple[tuple[str, str | None], ...]
    """None for a value that cannot be known, such as that of a variable which is passed through."""
    ports: tuple[str, ...]
    """Ports of the container that are published or exposed."""
    mounts: tuple[Mount, ...]
    working_dir: str | None
    doubts: tuple[Doubt, ...]
    hooks: tuple[CommandWords, ...] = ()
    """``post_start``, ``pre_stop`` and ``exec`` of ``develop``: commands that Compose runs in the container."""
    has_no_container: bool = False
    """``scale: 0`` or ``deploy: {replicas: 0}``: Compose starts none, and waits for none."""

    def dependency(self, service: str) -> DependsOn | None:
        """What it waits for in ``service``; None where it does not name it."""
        return next((d for d in self.depends_on if d.service == service), None)

    @property
    def healthcheck_doubts(self) -> tuple[Doubt, ...]:
        """What keeps unknown whether there is a test and of which kind; what it asks is in its words."""
        whole = {None, (), ("test",), ("test", "0"), ("disable",)}
        return tuple(d for d in self.doubts_about("healthcheck") if d.path in whole and not self._is_partly_known(d))

    def _is_partly_known(self, doubt: Doubt) -> bool:
        """Whether a test in one text has more in it than a variable without a value."""
        test = self.healthcheck.test if self.healthcheck is not None else None
        return doubt.path == ("test",) and test is not None and test[0] == "CMD-SHELL" and bool(as_empty(test[1]).strip())

    def doubts_about(self, *parts: str) -> tuple[Doubt, ...]:
        """The doubts about these keys."""
        return tuple(doubt for doubt in self.doubts if doubt.part in parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """All services of some Compose files that are merged in this order."""

    files: tuple[str, ...]
    """As people see them; those that ``include`` and ``extends`` bring are not among them."""
    profiles: tuple[str, ...]
    services: tuple[Service, ...]
    notes: tuple[str, ...] = ()
    """What a reader of the verdict should know, each as a sentence."""

    def service(self, name: str) -> Service | None:
        """The service of this name, started or not."""
        return next((s for s in self.services if s.name == name), None)
