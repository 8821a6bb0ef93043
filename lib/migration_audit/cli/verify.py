"""``verify``: one sentence for each thing that a signed run promises."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from migration_audit.audit.demo import signing_project
from migration_audit.cli.group import accepted
from migration_audit.cli.terminal import HOLDS, write_lines
from migration_audit.model.signoff import Sentence
from migration_audit.report.escape import one_line
from migration_audit.review.signing import Verified, verify, write_page
from migration_audit.signoff import Authority, find_run, read_authority


def verify_runs(
    named: Sequence[Path],
    *,
    page: bool,
    intact: bool,
    config: Path | None,
    policy_from: str | None,
    allowed_signers: Path | None,
) -> int:
    """Print what was verified for each run; returns the largest exit code.

    0 when all holds, 1 when a reviewer rejects the run, 4 when something does not hold. With ``page`` signed-off.html is
    written again first; with ``intact`` it is enough that files and signatures are what they were, regardless of who
    signed. Raises AuditError where policy or keys cannot be read.
    """
    folders = list(dict.fromkeys(find_run(path) for path in named))
    authority = read_authority(signing_project(config), policy_from=policy_from, allowed_signers=allowed_signers)
    if not intact:
        accepted(authority)
    codes = []
    for folder in folders:
        if page:
            write_lines(f"wrote {write_page(folder, authority)}")
        found = verify(folder, authority)
        _write_verified(found, authority)
        codes.append((0 if found.is_intact else 4) if intact else found.exit_code)
    return max(codes)


def _write_verified(found: Verified, authority: Authority) -> None:
    write_lines(f"{found.run.folder}, judged by {authority.source}\n")
    print_sentences(found.about_run)
    for signoff in found.run.signoffs:
        word = signoff.decision.value if signoff.decision else "cannot be read"
        write_lines(
            f"\n{one_line(signoff.reviewer)}: {word}" + (f" — {one_line(signoff.comment)}" if signoff.comment else "")
        )
        print_sentences(signoff.sentences)
    write_lines("")
    print_sentences(found.about_policy)
    write_lines("")


def print_sentences(sentences: Iterable[Sentence]) -> None:
    """One line for each sentence, and what to do where it does not hold."""
    for sentence in sentences:
        write_lines(f"  {HOLDS[sentence.ok]} {one_line(sentence.text)}")
        if sentence.ok is False and sentence.todo:
            write_lines(f"    → {sentence.todo}")
