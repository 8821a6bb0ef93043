"""WVR002: every waiver names something that was found."""

from __future__ import annotations

from collections.abc import Iterator

from migration_audit.checks.phases import check_of_both_phases
from migration_audit.model.enumeration import plural
from migration_audit.model.finding import CheckOutput, Finding, Note, Severity, WaiverState, WaiverUse


def run(waivers: tuple[WaiverUse, ...]) -> Iterator[CheckOutput]:
    """Each waiver of this environment names a finding of this run.

    Why: a waiver without a finding would silently accept the finding if it came back, and a waiver of a whole check could
    hide findings that are not reviewed. A check that could not decide cannot be waived. A waiver whose check is due in
    another phase, or is undecided now, is not counted here.
    Fix: remove the [[waiver]], or write the finding's key as the report shows it.
    Source: `finding` of [[waiver]] in audit.toml.
    """
    for use in waivers:
        if use.state is WaiverState.UNUSED:
            summary = f"the waiver of {use.finding} by {use.owner} matches no finding"
        elif use.state is WaiverState.IMPOSSIBLE:
            summary = f"the waiver of {use.finding} by {use.owner} names a check; only a finding can be waived, by its key"
        else:
            continue
        yield Finding(key=f"WVR002:{use.finding}", summary=summary, actual=use.reason, where=use.at)
    yield Note(text=f"looked at {len(waivers)} {plural('waiver', len(waivers))}")


CHECK = check_of_both_phases("WVR002", "Every waiver matches a finding", Severity.WARNING, run)
