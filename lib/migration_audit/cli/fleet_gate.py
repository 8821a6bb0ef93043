"""``fleet gate``: whether a signed fleet run opens the gate, by the policy."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from migration_audit.artifacts.git.command import each_line_once
from migration_audit.audit.demo import signing_project
from migration_audit.cli.fleet_signing import trusted_keys
from migration_audit.cli.gate import write_gates
from migration_audit.cli.output import say
from migration_audit.fleet.evidence import Direction
from migration_audit.fleet.gating import FleetAsking, ask_fleet_gate
from migration_audit.fleet.read_target import read_expected
from migration_audit.fleet.run import SystemClock
from migration_audit.fleet.start import find_targets
from migration_audit.fleet.store import open_folder
from migration_audit.model.errors import UsageError
from migration_audit.review.checkout import at_home, check_out, parse_place
from migration_audit.signoff import read_authority


@each_line_once()
def gate_fleet(
    folder: Path,
    *,
    targets: Sequence[str],
    queries: Sequence[tuple[str, str]],
    direction: str,
    apply: bool,
    repositories: Sequence[str],
    form: str,
    config: Path | None,
    policy_from: str | None,
    allowed_signers: Path | None,
) -> int:
    """Print which requirements the fleet run meets; the largest exit code of those that are not met, 0 without any.

    With ``apply`` the owner's SQL is applied again to a throw-away database. Raises UsageError without targets, AuditError
    where policy, keys, git, the list of targets or the run cannot be read.
    """
    if not targets and not queries:
        todo = "name them again with --targets or --from-query: the run must not say itself which targets there are"
        raise UsageError("which databases have to be in the run?", where="fleet gate", todo=todo)
    places = [parse_place(text) for text in repositories]
    authority = read_authority(signing_project(config), policy_from=policy_from, allowed_signers=allowed_signers)
    authority = at_home(authority, places, os.environ)
    authority.check_for_ci(os.environ)
    if authority.caution:
        say(authority.caution)
    run = open_folder(folder)
    with check_out(authority, places, os.environ) as checkout:
        asking = FleetAsking(
            authority=authority,
            trusted=trusted_keys(authority),
            checkout=checkout,
            targets=find_targets(targets, queries, authority.revision),
            direction=Direction(direction),
            applied=read_expected(None, checkout.project, progress=say).snapshot.digest if apply else None,
            now=SystemClock().now(),
        )
        found = ask_fleet_gate(run, asking)
    return write_gates([found], authority, phase=None, notes=checkout.notes, form=form)
