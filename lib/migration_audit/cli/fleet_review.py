"""``fleet sign``, ``prove``, ``verify`` and ``gate``: one signature for many targets, and whether it is enough."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click

from migration_audit.artifacts.git.command import each_line_once
from migration_audit.audit.demo import signing_project
from migration_audit.audit.facts.files import write_atomically
from migration_audit.cli.gate import write_gates
from migration_audit.cli.group import accepted, confirmed
from migration_audit.cli.output import say
from migration_audit.cli.verify import print_sentences
from migration_audit.fleet.evidence import Direction
from migration_audit.fleet.gating import FleetGateInput, judge_fleet
from migration_audit.fleet.read_target import read_expected
from migration_audit.fleet.reviewers import check_fleet_signer
from migration_audit.fleet.run import Clock
from migration_audit.fleet.signatures import (
    TrustedKeys,
    judge_project,
    judge_signatures,
    prove_target,
    read_signatures,
    sign_statement,
    verify_proof,
)
from migration_audit.fleet.start import find_targets
from migration_audit.fleet.store import open_folder, read_file
from migration_audit.fleet.summary import counts_text
from migration_audit.fleet.verify import age_sentences, read_statement, verdict_sentence, verify_statement
from migration_audit.model.errors import UsageError
from migration_audit.model.signoff import failures
from migration_audit.project import load_project, project_file
from migration_audit.report.escape import one_line
from migration_audit.review.checkout import at_home, check_out, parse_place
from migration_audit.signoff import read_authority, refuse
from migration_audit.signoff.openssh import PolicyKeys


def sign_fleet(
    folder: Path,
    *,
    reviewer: str,
    key: str,
    yes: bool,
    config: Path | None,
    policy_from: str | None,
    allowed_signers: Path | None,
) -> None:
    """Verify the fleet run, show what will be signed, ask (``yes`` answers), and sign it.

    Raises UsageError without a terminal to ask on, SignoffError when it may not be signed, AuditError when it cannot be.
    """
    found = open_folder(folder)
    trusted = _trusted_keys(config, policy_from, allowed_signers)
    if trusted is None:
        todo = "name --allowed-signers, or an audit.toml with [policy] allowed_signers"
        raise UsageError("the signers' keys are not known", where="fleet sign", todo=todo)
    now = Clock().now()
    with found.locked():  # nothing is read again while this waits for an answer
        statement, facts, files = read_statement(found)
        sentences = [*verify_statement(found, facts, files, now=now), verdict_sentence(facts)]
        print_sentences(sentences)
        refuse([*sentences, *judge_project(facts, trusted)], folder)
        if trusted.authority is not None:
            check_fleet_signer(found, reviewer, trusted.authority, now=now)
        shown = [
            ("Targets", f"{facts.targets:,}: {counts_text(facts.outcomes)}"),
            ("Expected", facts.expected),
            ("Root", facts.root),
            ("Statement", f"SHA-256 {hashlib.sha256(statement).hexdigest()}"),
            ("You", reviewer),
        ]
        click.echo("\n" + "\n".join(f"{name:9}  {one_line(value)}" for name, value in shown))
        if not yes and not confirmed("\nSign?", where="fleet sign"):
            raise click.Abort
        place = sign_statement(found, statement, identity=reviewer, key=key, trusted=trusted, now=Clock().now())
    click.echo(f"\nSigned: {place}")


def write_proof(folder: Path, target: str, output: Path) -> None:
    """Write the proof of a target. Raises AuditError where there is none, or it cannot be written."""
    write_atomically(output, prove_target(open_folder(folder), target))


def verify_fleet(
    what: Path,
    *,
    target: str | None,
    max_age: timedelta | None,
    intact: bool,
    config: Path | None,
    policy_from: str | None,
    allowed_signers: Path | None,
) -> int:
    """Print what was verified of a fleet run's folder or of a proof; 0 when all of it holds, else 4.

    ``target`` is the one that a proof has to be of, and ``max_age`` how old evidence may be. With ``intact`` it need not be
    signed. Raises AuditError for what is neither, and where keys cannot be read.
    """
    trusted = None if intact else _trusted_keys(config, policy_from, allowed_signers)
    now = Clock().now()
    if what.is_file():
        content = read_file(what.resolve()) or b""
        about, signed = verify_proof(content, where=str(what), target=target, max_age=max_age, trusted=trusted, now=now)
    elif target is not None:
        todo = "name the file that `migration-audit fleet prove` wrote"
        raise UsageError("only a proof is of one target", where=f"--target {target}", todo=todo)
    else:
        folder = open_folder(what)
        statement, facts, files = read_statement(folder)
        about = [*verify_statement(folder, facts, files, now=now), *age_sentences(facts.first_read_at, max_age, now)]
        about.append(verdict_sentence(facts))
        signed = list(judge_signatures(statement, facts, read_signatures(folder), trusted, now=now))
    checked = about if intact else [*about, *signed]
    print_sentences(checked)
    is_enough = intact or any(each.ok for each in signed)
    return 0 if is_enough and not failures(checked) else 4


def _trusted_keys(config: Path | None, policy_from: str | None, allowed_signers: Path | None) -> TrustedKeys | None:
    """The keys of the policy, or of the file that was named; None where neither is."""
    try:
        path = project_file(config or Path())
    except UsageError:
        if config is not None or policy_from is not None:
            raise
        if allowed_signers is None:
            return None
        keys = PolicyKeys(allowed_signers=allowed_signers.read_bytes(), revoked=None)
        return TrustedKeys(keys=keys, source=f"the local file {allowed_signers.name}")
    return TrustedKeys.of(
        accepted(read_authority(load_project(path), policy_from=policy_from, allowed_signers=allowed_signers))
    )


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
        todo = "name them again with --targets or --from-query: the run itself must not decide which targets there are"
        raise UsageError("which databases have to be in the run?", where="fleet gate", todo=todo)
    places = [parse_place(text) for text in repositories]
    authority = read_authority(signing_project(config), policy_from=policy_from, allowed_signers=allowed_signers)
    authority = accepted(at_home(authority, places, os.environ))
    run = open_folder(folder)
    with check_out(authority, places, os.environ) as checkout:
        given = FleetGateInput(
            authority=authority,
            checkout=checkout,
            targets=find_targets(targets, queries, authority.revision),
            direction=Direction(direction),
            applied=read_expected(None, checkout.project, progress=say).snapshot.digest if apply else None,
            now=Clock().now(),
        )
        found = judge_fleet(run, given)
    return write_gates([found], authority, phase=None, notes=checkout.notes, form=form)
