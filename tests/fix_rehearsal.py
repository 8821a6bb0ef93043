"""Rehearsals of Directus for tests: what a real one would have done where the model is right, and where it is not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import fix_directus as d
from migration_audit.audit.case import directus_rehearsed
from migration_audit.directus.agreement import RehearsedBoots, changes
from migration_audit.directus.apply import NO_CHANGES
from migration_audit.directus.boots import Scenario
from migration_audit.model.directus_database import DirectusRehearsal, Lost, RehearsedBoot
from migration_audit.model.finding import Outcome, Unavailable
from migration_audit.model.location import Location
from migration_audit.project import Environment

PROD = Environment(name="prod", dsn_env="PROD", at=Location("audit.toml", 1))
NOT_ASKED = Unavailable(reason="audit.toml has no rehearse in [snapshot], so no real Directus was run", required=False)
_VERBS = {"drop table": "table", "drop column": "column", "drop constraint": "constraint", "drop index": "index"}


def held(scenario: Scenario, **given: Any) -> DirectusRehearsal:
    """Two boots of a Directus that does what the scenario says, on its tables without rows."""
    boots, before = [], scenario.before
    for done, after in list(zip(scenario.boots, scenario.after, strict=True))[:2]:
        lost = [
            Lost(kind=_VERBS[one.verb], key=f"public.{one.table}{f'.{one.name}' if one.name else ''}")
            for one in done.statements
            if one.verb in _VERBS
        ]
        boots.append(RehearsedBoot(code=done.code, message=done.message, lost=tuple(lost), changes=changes(before, after)))
        before = after
    empty = replace(
        scenario.before,
        tables=tuple(replace(t, has_rows=False if t.has_rows else t.has_rows) for t in scenario.before.tables),
    )
    defaults = {"version": "11.17.4", "by": "directus@11.17.4 from npm", "calls": ("schema apply --yes FILE",)}
    return DirectusRehearsal(**{**defaults, "before": empty, "boots": tuple(boots), **given})


def rehearsed(
    *, live: Any = None, fresh: Any = None, of_live: dict[str, Any] | None = None, **given: Any
) -> RehearsedBoots | Unavailable:
    """What an audit makes of both: of a Directus that agrees with the model of ``given``, unless one is named.

    ``of_live`` replaces parts of the rehearsal of the environment.
    """
    inputs = d.inputs(**given)
    boots = inputs["directus_boots"]
    found = {one.fresh: one for one in boots.scenarios}
    own = {**inputs, "directus_rehearsal": live or held(found[False], **(of_live or {}))}
    return directus_rehearsed({"fresh_rehearsal": fresh or held(found[True])}, own, PROD, boots)


@cache
def quiet() -> RehearsedBoots | Unavailable:
    """Both rehearsals where nothing is wrong."""
    return rehearsed()


IDLE = RehearsedBoot(code=0, message=NO_CHANGES)
TRACKED: dict[str, Any] = {"directus_live": d.live("positions", rights=d.OWNED), "raw_tables": d.TABLES}
"""Directus has a row for the hypertable, and the file does not: the first boot drops it."""
LOUD = [
    (
        "SNAP009",
        "a dropped table, and the model predicts the same",
        {"directus_rehearsed": rehearsed(**TRACKED)},
        ["SNAP009:table:public.positions"],
    ),
    (
        "SNAP009",
        "a boot that fails",
        {"directus_rehearsed": rehearsed(directus_snapshot=d.whole("12.4.0"))},
        ["SNAP009:stuck"],
    ),
    (
        "SNAP009",
        "a table that was emptied, although the model does not say so",
        {
            "directus_rehearsed": rehearsed(
                of_live={"boots": (replace(IDLE, lost=(Lost(kind="table", key="public.devices", made_again=True),)), IDLE)}
            )
        },
        ["SNAP009:table:public.devices"],
    ),
    (
        "SNAP009",
        "a raw table that is altered",
        {
            "directus_rehearsed": rehearsed(
                raw_tables=d.TABLES, of_live={"boots": (IDLE, replace(IDLE, made=(("column", "public.positions.x"),)))}
            )
        },
        ["SNAP009:public.positions:altered:prod:2"],
    ),
]
QUIET = [
    ("SNAP009", "nothing to do", {}, "2 boots of directus@11.17.4 from npm (schema apply --yes FILE)"),
    (
        "SNAP009",
        "a collection that a boot makes",
        {"directus_rehearsed": rehearsed(of_live={"boots": (IDLE, IDLE)})},
        "on copies without rows of prod and a fresh database",
    ),
]
UNDECIDED = [
    (
        "SNAP009",
        "not asked",
        {"directus_rehearsed": NOT_ASKED},
        Outcome.SKIPPED,
        False,
        "audit.toml has no rehearse in [snapshot], so no real Directus was run",
    ),
    (
        "SNAP009",
        "npm fails",
        {"directus_rehearsed": rehearsed(live=Unavailable(reason="npm install failed", outcome=Outcome.ERRORED))},
        Outcome.ERRORED,
        True,
        "npm install failed",
    ),
    (
        "SNAP009",
        "the model says that a table is dropped, and the real one keeps it",
        {"directus_rehearsed": rehearsed(**TRACKED, of_live={"boots": (IDLE, IDLE)})},
        Outcome.ERRORED,
        True,
        "model and rehearsal do not agree, and both are shown: boot 1: `Snapshot applied successfully` in the model",
    ),
    (
        "SNAP009",
        "a copy that is not like the environment",
        {"directus_rehearsed": rehearsed(of_live={"unlike": ("table public.zones: columns differ",)})},
        Outcome.ERRORED,
        True,
        "the throw-away database differs from it: table public.zones: columns differ",
    ),
]
