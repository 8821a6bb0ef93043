"""What the reader of a report does next, by its verdict."""

from __future__ import annotations

from markupsafe import Markup

from migration_audit.model.finding import Verdict
from migration_audit.report.escape import html as safe
from migration_audit.report.escape import one_line
from migration_audit.report.see_again import run_command
from migration_audit.report.view import EvidenceView


def next_steps(facts: EvidenceView) -> tuple[Markup, ...]:
    """Sentences with the commands to type; anything but a clean run names more than one way on."""
    sign = Markup("Sign the run: <code>migration-audit sign RUN --as YOU --key FILE</code>. RUN is the folder of this page.")
    again = _step("audit again", run_command(facts.evidence))
    match facts.verdict:
        case Verdict.CLEAN:
            return (sign,)
        case Verdict.REVIEW:
            return (Markup("Read each warning below, and decide whether it is acceptable."), sign)
        case Verdict.INCOMPLETE:
            return (
                Markup("Remove the causes below; what they prevented from being checked is unknown. Then {}.").format(again),
            )
    port = " The port below is the SQL that the owner lacks." if facts.evidence.port else ""
    fix = Markup("Fix each blocker as its section says, in the database or in the owner's SQL.{} Then {}.")
    waive = Markup(
        "Or accept a finding for a limited time: a <code>[[waiver]]</code> in audit.toml with the finding's key, a reason, "
        "an owner and the last day."
    )
    return (fix.format(port, again), waive)


def _step(what: str, command: str) -> Markup:
    return Markup("{}: <code>{}</code>").format(what, safe(one_line(command)))
