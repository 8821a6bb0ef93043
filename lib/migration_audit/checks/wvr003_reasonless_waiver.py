"""WVR003: every waiver says why."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.enumeration import plural
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, WaiverState, WaiverUse


def run(waivers: tuple[WaiverUse, ...]) -> Iterator[CheckOutput]:
    """Each waiver of this environment has a reason.

    Why: a reviewer signs what was waived, and can only judge a written reason. A waiver without a reason has no effect.
    Fix: write the `reason` of the [[waiver]]: what was decided, and what will be done by when.
    Source: `reason` of [[waiver]] in audit.toml.
    """
    for use in waivers:
        if use.state is WaiverState.REASONLESS:
            yield Finding(
                key=f"WVR003:{use.finding}",
                summary=f"the waiver of {use.finding} by {use.owner} has no reason, so it waives nothing",
                where=use.at,
            )
    yield Note(text=f"looked at {len(waivers)} {plural('waiver', len(waivers))}")


CHECK = check_of_both_phases("WVR003", "Every waiver has a reason", Severity.WARNING, run)
