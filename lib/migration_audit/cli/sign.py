"""``sign``: show what is about to be signed, ask, sign."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path

from migration_audit.artifacts.git.repository import is_ignored, keeps_bytes
from migration_audit.audit.demo import signing_project
from migration_audit.cli.group import confirmed
from migration_audit.cli.output import in_columns, say
from migration_audit.cli.terminal import write_lines
from migration_audit.model.enumeration import first_lines
from migration_audit.model.errors import SignoffError, UsageError
from migration_audit.model.signoff import Decision
from migration_audit.project import Project
from migration_audit.report.escape import one_line
from migration_audit.report.listings import commit_text
from migration_audit.report.triage import Triage, triage
from migration_audit.report.view import producer_text
from migration_audit.review.settings import less_audited, policy_settings
from migration_audit.review.signing import decision_of, propose_recomputed, sign
from migration_audit.runner.archives import receive_runs
from migration_audit.runner.folders import write_index
from migration_audit.signoff import Authority, Proposal, SignedDecision, read_authority, subjects

_SHOWN = 12


def sign_run(
    folder: Path | None,
    *,
    archive: Path | None,
    reviewer: str,
    key: str,
    decision: str,
    comment: str,
    expires: datetime | None,
    yes: bool,
    config: Path | None,
    policy_from: str | None,
    allowed_signers: Path | None,
) -> None:
    """Show the run, ask whether to sign it (``yes`` answers), sign it and say where it is.

    Raises UsageError without a terminal to ask on, SignoffError when it may not be signed, AuditError when it cannot be.
    """
    project = signing_project(config)
    authority = read_authority(project, policy_from=policy_from, allowed_signers=allowed_signers)
    now = datetime.now(UTC)
    until = _end_of(expires, now)
    if until is not None and decision != Decision.APPROVE:
        what, todo = f"only applies to an approval, and the decision is to {decision}", "omit it: only an approval expires"
        raise UsageError(what, where="--expires", todo=todo)
    proposal = propose_recomputed(
        _run(folder, archive, project), authority, reviewer=reviewer, now=now, withdraws=decision == Decision.WITHDRAW
    )
    signed = decision_of(proposal, reviewer=reviewer, decision=Decision(decision), comment=comment, expires=until, now=now)
    for line in (*_presented(proposal, signed, authority.source), *_less(proposal, authority)):
        write_lines(line)
    if authority.caution:
        say(authority.caution)
    if not yes and not confirmed(f"\n{decision.capitalize()} and sign?", where="sign"):
        raise SignoffError("nothing was signed", where="sign", todo="nothing has changed: the run was not moved")
    own = sign(proposal, signed, authority, key=key)
    target = proposal.target
    shown = one_line(str(target))
    write_lines(f"\nSigned with {own.fingerprint}. The run is in\n  {shown}\n")
    write_lines(f"Read it:   {shown}/signed-off.html\nVerify it: migration-audit verify {shown}")
    for line in _what_git_needs(target / "statement.json"):
        write_lines(line)
    if target != proposal.folder:  # last: it is signed, whether or not this page can be written
        write_index(target.parent.parent.parent, order=[e.name for e in project.environments], progress=say)


def _run(named: Path | None, archive: Path | None, project: Project) -> Path:
    """The folder that was named, or that of a run that came in an archive."""
    if archive is None:
        if named is None:
            raise UsageError(
                "which run?", where="sign", todo="name its folder, or the archive that contains it: --from FILE.zip"
            )
        return named
    received = receive_runs(archive, project.report_out, [e.name for e in project.environments])
    for folder in received:
        say(f"received {folder}")
    found = [
        run for run in received if named is None or run.parts[-len(named.parts) :] == named.parts or named.name == run.name
    ]
    if len(found) != 1:
        runs = ", ".join(f"{run.parent.name}/{run.name}" for run in received)
        raise UsageError(
            f"the archive contains several runs: {runs}", where=str(archive), todo="name one of them after sign"
        )
    return found[0]


def _end_of(day: datetime | None, now: datetime) -> datetime | None:
    """The last second of the day."""
    if day is None:
        return None
    end = datetime.combine(day.date(), time(23, 59, 59), UTC)
    if end < now:
        raise UsageError("is in the past", where=f"--expires {end.date()}", todo="name a future date, or omit it")
    return end


def _what_git_needs(signed: Path) -> list[str]:
    """What is left to do so that others find the run as it was signed."""
    keeps = keeps_bytes(signed)
    if keeps is None:
        return []
    out = signed.parent.parent.parent
    ignored = is_ignored(signed)
    lines = [f"Commit it, so that the gate finds it: git add {'-f ' if ignored else ''}{out}"]
    if ignored:
        lines.append(f"  .gitignore excludes it: add a line !/{out}/")
    if not keeps:
        lines.append(f"  .gitattributes must preserve its bytes: add a line {out.parent}/** -text, and commit that first")
    return lines


def _presented(proposal: Proposal, signed: SignedDecision, source: str) -> list[str]:
    """What is signed, for a person who decides now."""
    evidence = proposal.evidence
    server, changed = evidence.server, evidence.changed_notebooks
    held = triage(evidence.checks)
    facts = [
        ("Run", str(proposal.folder)),
        ("Project", evidence.project),
        ("Environment", f"{evidence.environment}, phase {evidence.phase}"),
        ("Verdict", f"{evidence.verdict}: {held.summary}"),
        ("Audited", f"{evidence.generated_at:%Y-%m-%dT%H:%M:%SZ}"),
        ("Run by", producer_text(evidence.producer)),
        ("Database", f"{server.database} on server {server.system_identifier or 'unknown'}" if server else "not read"),
    ]
    facts += [(f"Commit, {tree}", commit_text(state)) for tree, state in sorted(evidence.commit.items())]
    facts += [(f"Catalog, {side}", digest) for side, digest in sorted(evidence.snapshots.items())]
    facts += [
        ("Notebooks", f"CHANGED: {', '.join(changed)}" if changed else "packaged, unchanged"),
        ("Files", f"{len(subjects(proposal.folder))}, named by statement.json"),
        ("Statement", f"SHA-256 {signed.statement_sha256}"),
        ("Policy", source),
        (
            "You",
            f"{signed.reviewer}: {signed.decision.value}" + (f", until {signed.expires:%Y-%m-%d}" if signed.expires else ""),
        ),
    ]
    return [*in_columns([(one_line(name), one_line(str(value))) for name, value in facts]), *_weighed(held, signed)]


def _less(proposal: Proposal, authority: Authority) -> list[str]:
    """What the run audited less than the policy asks for, and a database that nothing pins."""
    project, evidence = authority.project, proposal.evidence
    less = less_audited(project, policy_settings(project, authority.revision), evidence, proposal.folder)
    text = "the settings of this run are missing: it is not known what it audited less than the policy requires"
    lines = _listed("Audited less than the policy requires", [text] if less is None else [each.text for each in less])
    environment = project.environment(evidence.environment)
    if environment.database is None or environment.system_identifier is None:
        lines += ["", "The database is not pinned: audit.toml does not identify the database of this environment."]
    return lines


def _weighed(held: Triage, signed: SignedDecision) -> list[str]:
    """What blocks, what needs a look, what is waived."""
    lines: list[str] = []
    blocking = [f"{r.id}  {f.summary}" for r in held.blockers for f in r.findings or () if f.waived is None]
    lines += _listed("What blocks", blocking)
    lines += _listed("What needs review", [f"{r.id}  {f.summary}" for r in held.warnings for f in r.findings])
    lines += _listed("Waived, and accepted by this signature", list(signed.waivers))
    if blocking and signed.decision is Decision.APPROVE:
        lines += ["", "It blocks: the gate stays closed even with an approval."]
    return lines


def _listed(heading: str, items: list[str]) -> list[str]:
    shown = first_lines([one_line(item) for item in items], most=_SHOWN, rest="… and {:,} more: see report.html")
    return ["", f"{heading} ({len(items)})", *(f"  {line}" for line in shown)] if items else []
