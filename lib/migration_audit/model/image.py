"""What a Dockerfile and the scripts that it starts do, as far as it can be known without building or running anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from migration_audit.model.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """Something that may run commands, and why it is unknown which without running it."""

    what: str
    """As it is written, on one line."""
    reason: str
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Some outcomes of a condition that only a run decides."""

    of: int | str
    """The condition: the same for everything that depends on it."""
    outcomes: frozenset[int]
    """Those with which it holds."""
    count: int = 2
    """How many outcomes there are, counted from 0: of an ``if``, 0 is true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedCommand:
    """One program that is started, in the order in which they start."""

    words: tuple[str, ...]
    """Its name and arguments; one that cannot be known is as it is written: ``$TARGET``."""
    at: Location
    unknown: tuple[int, ...] = ()
    """Positions of the words that cannot be known."""
    maybe: str | None = None
    """Why it may not run at all, or not in this order; None where it runs unless something before it fails."""
    guards: tuple[Guard, ...] = ()
    """It runs only where all of these hold."""
    unless: tuple[tuple[Guard, ...], ...] = ()
    """It does not run where all of one group hold: the script ended before."""
    in_background: bool = False
    """Whether what follows does not wait for it."""
    stops_until: int | None = None
    """Position of the first later command that runs although this one failed; None where its failure ends everything."""

    followed: int | None = None
    """Position of the word that is a script or function of the project, whose own commands come next; what follows it is
    for that script. None where nothing of the project is called."""
    inside: int = 0
    """How many of the next commands are those of the script or function."""
    is_idle: bool = False
    """Whether it is a script or function of the project that starts no program."""

    @property
    def conditions(self) -> tuple[Guard, ...]:
        """Everything that decides whether it runs; its own doubt where nothing else is known of it."""
        found = (*self.guards, *(guard for group in self.unless for guard in group))
        if found or self.maybe is None or self.in_background:
            return found
        return (Guard(of=self.maybe, outcomes=frozenset({0})),)

    def runs_where(self, outcomes: Mapping[int | str, int]) -> bool:
        """Whether it runs where its conditions have these outcomes."""

        def holds(guard: Guard) -> bool:
            return outcomes[guard.of] in guard.outcomes

        needed = self.guards if self.guards or self.unless else self.conditions
        return all(map(holds, needed)) and not any(all(map(holds, group)) for group in self.unless)

    @property
    def text(self) -> str:
        """The words on one line."""
        return " ".join(" ".join(self.words).split())


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOutcome:
    """What one start of a shell or program leads to."""

    commands: tuple[StartedCommand, ...] = ()
    undecided: tuple[Undecided, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """One source of a COPY or ADD."""

    source: str
    """As it is written."""
    target: str
    from_stage: str | None
    """A stage, an image or a build context; None for the build's own context."""
    at: Location
    carried: tuple[str, ...] = ()
    """Files of the context that it brings and that were asked for, relative to the context."""
    is_opaque: bool = False
    """An archive that ADD unpacks, or a repository that it clones: its contents are unknown here."""
    doubt: str = ""
    """Why it is unknown here what it brings: a variable without a value in its source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One ``FROM`` and what follows it."""

    name: str
    """Its name, or its number counted from 0."""
    base: str
    """An image, or the name of another stage."""
    at: Location
    copies: tuple[Copied, ...]
    runs: StartOutcome
    """The commands of its RUN instructions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageTest:
    """``HEALTHCHECK``, in the words of Compose: ``("CMD", …)``, ``("CMD-SHELL", "…")`` or ``("NONE",)``."""

    test: tuple[str, ...]
    at: Location


@dataclass(frozen=True, slots=True, kw_only=True)
class StackContainer:
    """What a service of the stack makes of the image: its own entrypoint, command, hooks and mounts."""

    service: str
    start: StartOutcome
    mounts: tuple[Copied, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One Dockerfile."""

    dockerfile: str
    stages: tuple[Stage, ...]
    """All of them, in order."""
    start: StartOutcome
    """What a container of the chosen stage does: entrypoint, command, the scripts that they call."""
    otherwise: StartOutcome = field(default_factory=StartOutcome)
    """What its entrypoint may also do, with other arguments than the command: ``docker run IMAGE migrate``."""
    test: ImageTest | None
    ports: tuple[str, ...]
    """EXPOSE."""
    base: str
    """The image that the chosen stage comes from in the end: ``directus/directus:11.17.4``."""
    preloads: tuple[StartedCommand, ...] = ()
    """Variables that make a program load files before its own, such as NODE_OPTIONS."""
    containers: tuple[StackContainer, ...] = ()
    """The services of the stack that run it; of others, what they mount and was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One program of a health check that must succeed for the check to succeed."""

    words: tuple[str, ...]
    host: str | None
    """The host that it asks over the network; None where it asks none."""
    port: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """How the owner's container comes up: what runs, and what its health check needs in order to succeed."""

    run: StartOutcome
    test: tuple[str, ...] | None
    """The test that counts: of Compose, else of the image; None where there is none."""
    test_at: Location | None
    test_disabled: bool
    ways: tuple[tuple[Asked, ...], ...]
    """The test succeeds where every program of one of these ways does. A way without programs: always; no way: never."""
    test_undecided: tuple[Undecided, ...] = ()
    run_undecided: tuple[Undecided, ...] = ()
    """What the Compose files leave open about entrypoint, command and build."""
    ports: tuple[str, ...] = ()
    """Ports of the container that are published, exposed or declared."""
    lacking: tuple[str, ...] = ()
    """The owner's SQL that the build of its image leaves out of a folder that it copies."""
    hidden: tuple[Undecided, ...] = ()
    """The owner's SQL that a mount certainly hides in the container."""
    covered: tuple[Undecided, ...] = ()
    """The owner's SQL in whose place the container may have something else."""
    notes: tuple[str, ...] = ()
