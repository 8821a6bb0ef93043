"""``make directus``: thousands of cases on real Directus servers; each disagreement is printed with its seed."""

from __future__ import annotations

import argparse
import json
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from directus.case import Case
from directus.mutations import make_case
from directus.real import ROLE, Real
from migration_audit.audit.facts.codec import encode
from migration_audit.directus.agreement import changes, differences, disagreement
from migration_audit.directus.apply import DEFAULT_EXCLUDED, NO_CHANGES, ApplyOutcome, apply, undecidable
from migration_audit.directus.behaviour import behaviour_of
from migration_audit.directus.postgres import DatabaseState
from migration_audit.model.directus import DirectusVersion
from migration_audit.model.directus_database import DirectusDatabase


@dataclass(slots=True)
class Outcome:
    """What one case came to."""

    problems: list[str]
    boots: list[tuple[ApplyOutcome, dict[str, Any], tuple[str, ...]]]
    """What the model says, what Directus answers, and what was different afterwards."""
    before: DirectusDatabase | None = None
    skipped: str | None = None
    """Why the case could not be set up."""
    by_rows: int = 0
    """Boots whose outcome the rows decide, which nobody looked at."""


def try_case(real: Real, case: Case, *, boots: int = 2) -> Outcome:
    """Run one case for real and in the model, boot by boot."""
    version = behaviour_of(DirectusVersion.parse(real.version) or DirectusVersion(0, 0, 0))
    if version is None:
        raise ValueError(f"the model does not cover {real.version}")
    database = real.clean or real.clone()
    real.clean = None
    try:
        _prepare(real, database, case)
    except psycopg.Error as error:
        return Outcome([], [], skipped=str(error).splitlines()[0])
    schemas = case.options.get("searchPath", ("public",))
    before = real.read(database, schemas, rows=True)
    if why := undecidable(before, case.body, version, case.options.get("excluded", DEFAULT_EXCLUDED)):
        return Outcome([], [], skipped=why)
    state, outcome, latest = DatabaseState(before), Outcome([], [], before), before
    for number in range(1, boots + 1):
        if undecidable(latest, case.body, version, case.options.get("excluded", DEFAULT_EXCLUDED)):
            break
        done, state = apply(
            state,
            case.body_of(number),
            version,
            excluded=case.options.get("excluded", DEFAULT_EXCLUDED),
            ignored=case.options.get("ignoreRules", "").split(",") if case.options.get("ignoreRules") else (),
        )
        answer = real.ask(database, case.body_of(number), **case.options)
        after = real.read(database, schemas)
        outcome.boots.append((done, answer, changes(latest, after)))
        latest = after
        problem = disagreement(done, answer["code"], answer["message"])
        outcome.by_rows += bool(done.guesses)
        if problem:
            outcome.problems.append(f"boot {number}: {problem}")
        elif done.code == answer["code"]:
            outcome.problems += [f"boot {number}: {each}" for each in differences(state.database(), after)]
        if outcome.problems or done.code != answer["code"]:
            break
        if case.later is None and (done.code or done.message == NO_CHANGES):  # nothing changed: the next boot finds the same
            if number == 1 and not case.sql:
                real.clean = database
            break
    return outcome


def recorded(version: str, seed: int, case: Case, outcome: Outcome) -> dict[str, Any]:
    """What reality made of a case, so that the model can be compared with it again without a server."""
    return {
        "version": version,
        "seed": seed,
        "words": case.words,
        "kinds": case.kinds,
        "body": case.body,
        **({"later": case.later} if case.later is not None else {}),
        "options": case.options,
        "before": encode(outcome.before, DirectusDatabase),
        "boots": [
            {"code": answer["code"], "message": answer["message"], "changes": list(changes)}
            for _, answer, changes in outcome.boots
        ],
    }


def _prepare(real: Real, database: str, case: Case) -> None:
    for statement in case.sql:
        superuser = statement.startswith("superuser: ")
        with real.connect(database, None if superuser else ROLE) as connection:
            connection.execute(statement.removeprefix("superuser: ").encode())


def main() -> int:
    """Run the cases of each seed; the exit code is 1 where model and reality disagree."""
    parser = argparse.ArgumentParser()
    parser.add_argument("version")
    parser.add_argument("modules", type=Path)
    parser.add_argument("conninfo")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--folder", type=Path, default=Path())
    parser.add_argument("--seeds", default="")
    parser.add_argument("--record", type=Path)
    given = parser.parse_args()
    real = Real(given.version, given.modules, given.conninfo, given.folder)
    counts: Counter[str] = Counter()
    seeds = [int(s) for s in given.seeds.split(",")] if given.seeds else range(given.first, given.first + given.cases)
    start = time.monotonic()
    try:
        for seed in seeds:
            case = make_case(seed, real.file)
            try:
                outcome = try_case(real, case)
            except Exception:
                outcome = Outcome([traceback.format_exc()], [])
            counts["skipped" if outcome.skipped else "disagree" if outcome.problems else "agree"] += 1
            counts["by rows"] += bool(outcome.by_rows)
            for done, _, _ in outcome.boots[:1]:
                counts[f"boot 1 rc {done.code}{' no changes' if done.message.startswith('No changes') else ''}"] += 1
            if given.record and outcome.before and not outcome.problems and not outcome.by_rows:
                with given.record.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(recorded(real.version, seed, case, outcome), default=str) + "\n")
            if outcome.problems:
                print(f"--- {given.version} seed {seed}: {'; '.join(case.words)}")
                for problem in outcome.problems[:6]:
                    print("   ", problem[:600])
                sys.stdout.flush()
    finally:
        real.close()
    print(given.version, dict(counts), f"{time.monotonic() - start:.0f} s")
    return 1 if counts["disagree"] else 0


if __name__ == "__main__":
    sys.exit(main())
