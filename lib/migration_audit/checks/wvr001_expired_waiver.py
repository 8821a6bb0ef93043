"""WVR001: no waiver has expired."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.enumeration import plural
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, WaiverState, WaiverUse


def run(waivers: tuple[WaiverUse, ...]) -> Iterator[CheckOutput]:
    """Each waiver of this environment still holds.

    Why: a finding is accepted for a limited time. After that, the waiver no longer has an effect, and the finding counts
    again; the decision has to be made again.
    Fix: solve the finding and remove the [[waiver]], or have its owner set a new date and give the reason.
    Source: `expires` of [[waiver]] in audit.toml; the day counts to its end, in UTC.
    """
    for use in waivers:
        if use.state is WaiverState.EXPIRED:
            yield Finding(
                key=f"WVR001:{use.finding}",
                summary=f"the waiver of {use.finding} by {use.owner} was valid until {use.expires.isoformat()}",
                actual=use.reason,
                where=use.at,
            )
    yield Note(text=f"looked at {len(waivers)} {plural('waiver', len(waivers))}")


CHECK = check_of_both_phases("WVR001", "No waiver has expired", Severity.WARNING, run)
