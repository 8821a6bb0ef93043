"""What a real Directus did with the snapshot file, boot by boot, on a throw-away database."""

from __future__ import annotations

from dataclasses import dataclass

from migration_audit.model.directus_database import DirectusDatabase


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An object of the catalog that one boot took away."""

    kind: str
    key: str
    """Its name in the whole database: ``public.positions``."""
    parts: int = 0
    """How many objects that belong to it went with it."""
    made_again: bool = False
    """Whether the same boot made another one like it: what it held is lost all the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedBoot:
    """One boot: each ``schema apply`` of the entrypoint, until one fails."""

    code: int
    message: str
    """What Directus says at the end: ``Snapshot applied successfully``, or the error."""
    output: str = ""
    """The end of what it printed, without secrets; of a failure alone."""
    lost: tuple[Lost, ...] = ()
    altered: tuple[tuple[str, str], ...] = ()
    """Kind and key of objects that are not what they were."""
    made: tuple[tuple[str, str], ...] = ()
    """Kind and key of objects that are new; what belongs to a new one is left out."""
    changes: tuple[str, ...] = ()
    """What came, went and changed of what the model knows, as ``directus.agreement.changes`` says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectusRehearsal:
    """Boots one after the other, from one throw-away database."""

    version: str
    """As the real Directus names itself."""
    by: str
    """Where it came from, in words: ``directus@11.17.4 from npm``."""
    calls: tuple[str, ...]
    """What was called at each boot: ``schema apply --yes FILE``."""
    before: DirectusDatabase
    """After its bootstrap, before the first boot; its free texts are digests."""
    boots: tuple[RehearsedBoot, ...]
    unlike: tuple[str, ...] = ()
    """What of the environment could not be made in the throw-away database, each as a sentence part."""
    notes: tuple[str, ...] = ()
    """What a reader should know of it."""
