"""What audit.toml says about signatures: who may sign what, how many must, how old evidence may be, what is waived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

from migration_audit.model.location import Location


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentPolicy:
    """What the evidence of one environment needs before the gate opens."""

    quorum: int = 1
    """How many different reviewers must approve."""
    roles: tuple[str, ...] = ()
    """Roles of which at least one member must approve, each."""
    signers: tuple[str, ...] = ()
    """The reviewers whose signature counts here; empty for everybody in ``allowed_signers``."""
    max_age: timedelta | None = None
    """How old the evidence may be when the gate is asked; None for any age."""
    author_may_sign: bool = False
    """Whether who ran the audit, or wrote the audited commit, may sign it too."""
    changed_notebooks: bool = False
    """Whether a run counts whose notebooks are not the packaged ones."""
    pinned: bool = False
    """Whether audit.toml must pin the database, or an approved run must have been of it."""
    producers: tuple[str, ...] = ()
    """Who may make a run that counts, as lines of ``allowed_signers``; empty for everybody."""
    required: bool = True
    """Whether the gate asks for this environment when none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """``[policy]``: where the keys of the reviewers are, and what each environment needs."""

    allowed_signers: str | None = None
    """Path of the reviewers' keys, relative to audit.toml, in OpenSSH's format."""
    revoked: str | None = None
    """Path of the revoked keys: public keys, one a line, or a KRL of ``ssh-keygen -k``."""
    policy_from: str | None = None
    """The git revision that policy and keys are read from; None for the files as they are."""
    default: EnvironmentPolicy = EnvironmentPolicy()
    environments: Mapping[str, EnvironmentPolicy] = field(default_factory=lambda: MappingProxyType({}))
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The members of each role."""

    def of(self, environment: str) -> EnvironmentPolicy:
        """What this environment needs."""
        return self.environments.get(environment, self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A recorded decision to accept one finding in one environment, for a time."""

    finding: str
    """The finding's key: ``COV003:index:public.positions_device_ts``."""
    environment: str
    reason: str
    """Why; blank when nobody wrote one down, and then it waives nothing."""
    owner: str
    """Who answers for it."""
    expires: date
    """The last day on which it holds (UTC)."""
    at: Location = field(compare=False)
