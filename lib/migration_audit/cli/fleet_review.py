"""``fleet sign``, ``fleet prove`` and ``fleet verify``: one signature for many targets."""

from __future__ import annotations

import hashlib
import os
import sys
from datetime import timedelta
from pathlib import Path

import click

from migration_audit.audit.facts.files import write_atomically
from migration_audit.cli.output import say
from migration_audit.cli.verify import print_sentences
from migration_audit.fleet.reviewers import check_signer
from migration_audit.fleet.run import SystemClock
from migration_audit.fleet.signatures import (
    TrustedKeys,
    judge_signatures,
    other_project,
    prove_target,
    read_signatures,
    sign_statement,
    verify_proof,
)
from migration_audit.fleet.store import open_folder, read_file
from migration_audit.fleet.summary import counts_text
from migration_audit.fleet.verify import age_sentences, read_statement, verdict_sentence, verify_statement
from migration_audit.model.errors import SignoffError, UsageError
from migration_audit.project import load_project, project_file
from migration_audit.report.escape import one_line
from migration_audit.signoff import Authority, read_authority
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
    now = SystemClock().now()
    with found.locked():  # nothing is read again while this waits for an answer
        statement, facts, files = read_statement(found)
        sentences = [*verify_statement(found, facts, files, now=now), verdict_sentence(facts)]
        print_sentences(sentences)
        if any(each.ok is False for each in sentences):
            what = "may not be signed: it is not what its statement says"
            raise SignoffError(what, where=str(folder), todo="read the lines above, or start another fleet run")
        if (other := other_project(facts, trusted)) is not None:
            todo = "name the right audit.toml with --config"
            raise SignoffError(f"may not be signed: {other}", where=str(folder), todo=todo)
        check_signer(found, reviewer, trusted, now=now)
        shown = [
            ("Targets", f"{facts.targets:,}: {counts_text(facts.outcomes)}"),
            ("Expected", facts.expected),
            ("Root", facts.root),
            ("Statement", f"SHA-256 {hashlib.sha256(statement).hexdigest()}"),
            ("You", reviewer),
        ]
        click.echo("\n" + "\n".join(f"{name:9}  {one_line(value)}" for name, value in shown))
        if not yes:
            if not sys.stdin.isatty():
                todo = "sign in a terminal, or add --yes"
                raise UsageError("there is no terminal to confirm on", where="fleet sign", todo=todo)
            click.confirm("\nSign?", abort=True)
        place = sign_statement(found, statement, identity=reviewer, key=key, trusted=trusted, now=SystemClock().now())
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
    now = SystemClock().now()
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
    holds = all(each.ok is not False for each in checked)
    return 0 if holds and (intact or any(each.ok for each in signed)) else 4


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
    authority = read_authority(load_project(path), policy_from=policy_from, allowed_signers=allowed_signers)
    authority.check_for_ci(os.environ)
    if authority.caution:
        say(authority.caution)
    return trusted_keys(authority)


def trusted_keys(authority: Authority) -> TrustedKeys:
    """The keys of a policy."""
    keys = PolicyKeys(allowed_signers=authority.allowed_signers, revoked=authority.revoked)
    return TrustedKeys(keys=keys, source=authority.source, project=authority.project.name, authority=authority)
