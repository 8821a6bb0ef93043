"""The rehearsed boots next to those of the model: where the two agree, and where not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from migration_audit.directus.agreement import differences, scenario_disagreement
from migration_audit.directus.apply import DEFAULT_EXCLUDED, ApplyOutcome, undecidable
from migration_audit.directus.behaviour import behaviour_of
from migration_audit.directus.boots import FRESH, DirectusBoots, Scenario, scenario_of
from migration_audit.model.directus import DirectusRuntime, TargetVersion
from migration_audit.model.directus_database import DirectusRehearsal, RehearsedBoot
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedScenario:
    """One throw-away database, rehearsed and computed."""

    name: str
    fresh: bool
    rehearsal: DirectusRehearsal
    model: Scenario | None
    """What the model says of the environment itself, or of a fresh database; None where it says nothing."""
    no_model: str | None = None
    """Why it says nothing."""
    disagreement: str | None = None
    """Where the model and the real Directus do not do the same with the same database, or where it has bootstrap make
    another database than the real one made."""
    by_rows: str | None = None
    """Where they agree on the throw-away database, and the model says otherwise of the environment with its rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsedBoots:
    """All that was rehearsed for one environment."""

    scenarios: tuple[RehearsedScenario, ...]
    lacking: tuple[Unavailable, ...] = ()
    """Why one of the two could not be rehearsed."""
    raw: frozenset[str] = frozenset()
    """Keys of the tables that the owner's raw SQL makes."""


def rehearsed_boots(
    live: DirectusRehearsal | Unavailable,
    fresh: DirectusRehearsal | Unavailable,
    *,
    environment: str,
    boots: DirectusBoots | Unavailable,
    file: Mapping[str, Any] | None,
    target: TargetVersion | Unavailable,
    runtime: DirectusRuntime | Unavailable,
    raw: frozenset[str],
) -> RehearsedBoots | Unavailable:
    """Both rehearsals next to the model; the reason of one where neither was held, so that no silence is a pass."""
    held = [(name, one) for name, one in ((environment, live), (FRESH, fresh)) if isinstance(one, DirectusRehearsal)]
    lacking = tuple(one for one in (live, fresh) if isinstance(one, Unavailable))
    if not held:
        return next((one for one in lacking if one.required), lacking[0])
    model = _Model(boots, file, target, runtime)
    scenarios = tuple(model.beside(name, rehearsal, fresh=rehearsal is fresh) for name, rehearsal in held)
    return RehearsedBoots(scenarios=scenarios, lacking=lacking, raw=raw)


@dataclass(frozen=True, slots=True)
class _Model:
    boots: DirectusBoots | Unavailable
    file: Mapping[str, Any] | None
    target: TargetVersion | Unavailable
    runtime: DirectusRuntime | Unavailable

    def beside(self, name: str, rehearsal: DirectusRehearsal, *, fresh: bool) -> RehearsedScenario:
        found = self._scenario(fresh=fresh)
        if isinstance(found, str):
            return RehearsedScenario(name=name, fresh=fresh, rehearsal=rehearsal, model=None, no_model=found)
        same = self._same(name, rehearsal, fresh=fresh)
        apart = scenario_disagreement(same, rehearsal) if same else None
        by_rows = None if apart else scenario_disagreement(found, rehearsal)
        if by_rows and (start := differences(found.before, rehearsal.before)):
            apart, by_rows = f"after bootstrap, {some_of(start, most=3, between='; ')}; {by_rows}", None
        return RehearsedScenario(
            name=name, fresh=fresh, rehearsal=rehearsal, model=found, disagreement=apart, by_rows=by_rows
        )

    def _scenario(self, *, fresh: bool) -> Scenario | str:
        if isinstance(self.boots, Unavailable):
            return self.boots.reason
        if self.boots.unknown:
            return self.boots.unknown
        found = next((one for one in self.boots.scenarios if one.fresh == fresh), None)
        return found or self.boots.blind or "it was not computed"

    def _same(self, name: str, rehearsal: DirectusRehearsal, *, fresh: bool) -> Scenario | None:
        """What the model does with the very database that was rehearsed."""
        if self.file is None or isinstance(self.target, Unavailable) or isinstance(self.runtime, Unavailable):
            return None
        version = behaviour_of(self.target.version) if self.target.version else None
        excluded = self.runtime.excluded or DEFAULT_EXCLUDED
        if version is None or undecidable(rehearsal.before, self.file, version, excluded):
            return None
        return scenario_of(name, rehearsal.before, self.file, version, self.runtime, fresh=fresh)


def model_words(done: ApplyOutcome) -> str:
    """What one boot does in the model: ``DROP TABLE positions; exit code 0``."""
    does = some_of(list(dict.fromkeys(map(str, done.statements))), most=4)
    return _ended(done.code, done.message, does)


def rehearsed_words(boot: RehearsedBoot) -> str:
    """What one rehearsed boot did, by the catalog: ``table public.positions lost; exit code 0``."""
    parts = [f"{one.kind} {one.key} {'emptied' if one.made_again else 'lost'}" for one in boot.lost]
    parts += [f"{kind} {key} made" for kind, key in boot.made] + [f"{kind} {key} altered" for kind, key in boot.altered]
    return _ended(boot.code, boot.message, some_of(parts, most=4))


def _ended(code: int, message: str, does: str) -> str:
    text = " ".join(message.split())
    if code:
        return f"stops with `{text}`; exit code {code}" + (f"; before that: {does}" if does else "")
    return f"{does or text.rstrip('.')}; exit code 0"
