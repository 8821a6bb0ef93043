"""Adding a signature: a run moves to ``signed/`` with its first one, whole or not at all; nothing signed is rewritten."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from migration_audit.artifacts.git.repository import first_link
from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError, SignoffError, UsageError
from migration_audit.model.evidence import Evidence
from migration_audit.model.signoff import Decision, Sentence, SignedRun, SignOff, fails, failures
from migration_audit.project.boundary import paths_that_match
from migration_audit.signoff import openssh
from migration_audit.signoff.authority import Authority
from migration_audit.signoff.decisions import FOLDER, SignedDecision, file_name, is_identity
from migration_audit.signoff.signatures import read_signed_run
from migration_audit.signoff.statement import SIGNED, SIGNED_PAGE, evidence_of

AGENT = "agent"
_OF_A_RUN = ("statement.json", "evidence.json", "report.html")

PageOf = Callable[[Path, SignedRun], bytes]
"""The signed-off page of a run as it is in a folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A run that may be signed, and what would be signed."""

    folder: Path
    run: SignedRun
    evidence: Evidence
    """What the signature is about."""
    target: Path
    """Where the run is afterwards; ``folder`` itself when it was signed before."""
    number: int = 1
    """Which decision of this reviewer about the run it is."""


def propose(folder: Path, authority: Authority, *, reviewer: str, now: datetime, withdraws: bool = False) -> Proposal:
    """The run as it would be signed by ``reviewer``.

    Raises SignoffError when it may not be signed: files that are not those of the run, an incomplete run, a reviewer whom
    the policy does not know or does not let sign, one whose decision still counts. Raises UsageError where there is no run.
    """
    folder = find_run(folder)
    check_reviewer(reviewer, authority.keys, authority.source)
    _check_place(folder, authority)
    run = read_signed_run(folder, authority, now=now)
    broken = [s for each in run.signoffs if not each.is_intact for s in each.sentences]  # by whomever they are
    refuse([*run.sentences, *broken], folder)
    evidence = run.evidence
    if evidence is None:
        raise SignoffError("may not be signed: its evidence cannot be read", where=str(folder), todo="audit again")
    if evidence.is_of_the_future(now):
        refuse([fails("its evidence is dated in the future", "name an older run, or correct the clock")], folder)
    if evidence.project != authority.project.name:
        what = f"is a run of the project {evidence.project}, but audit.toml is of {authority.project.name}"
        raise SignoffError(what, where=str(folder), todo="name the right audit.toml with --config")
    own = [s for s in run.signoffs if s.reviewer.casefold() == reviewer.casefold()]
    standing = [s for s in own if s.counts and s.decision is not Decision.WITHDRAW]
    if withdraws and not standing:
        raise SignoffError(
            f"{reviewer} has not decided about this run", where=str(folder), todo="there is nothing to withdraw"
        )
    if standing and not withdraws:
        todo = "audit again, and sign the new run; or withdraw the first decision: sign --withdraw"
        raise SignoffError(f"{reviewer} has signed this run already", where=str(folder), todo=todo)
    return Proposal(folder=folder, run=run, evidence=evidence, target=_target(folder), number=len(own) + 1)


def refuse(sentences: Iterable[Sentence], folder: Path) -> None:
    """Raise SignoffError, which names the folder of the run, where one of these does not hold."""
    if wrong := failures(sentences):
        what = some_of([s.text for s in wrong], most=5, between="; ")
        raise SignoffError(f"may not be signed: {what}", where=str(folder), todo=wrong[0].todo)


def add_signature(
    proposal: Proposal, decision: SignedDecision, authority: Authority, *, key: str, page_of: PageOf, now: datetime
) -> SignOff:
    """Sign, verify what was signed, and only then put it where it belongs; the run is in ``proposal.target`` then.

    ``key`` is the path of a private key, or of a public key whose private half the agent or a hardware key holds, or
    ``agent``. Raises SignoffError when the signature would not count, AuditError when ssh-keygen does not sign.
    """
    try:
        return _add_signature(proposal, decision, authority, key, page_of, now)
    except OSError as error:
        what = f"nothing was signed: {error.filename or proposal.target}: {error.strerror}"
        raise AuditError(
            what, where=str(proposal.folder), todo="free space, or make it writable; then sign again"
        ) from error
    finally:
        with suppress(OSError):  # there are runs in it, as there should be
            proposal.target.parent.rmdir()
            proposal.target.parent.parent.rmdir()


def _add_signature(
    proposal: Proposal, decision: SignedDecision, authority: Authority, key: str, page_of: PageOf, now: datetime
) -> SignOff:
    proposal.target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".signing-", dir=proposal.target.parent) as name:
        # The copy is called like the run, below a folder that is called like its environment.
        staged = Path(name) / proposal.run.environment / proposal.run.name
        shutil.copytree(proposal.folder, staged, symlinks=True)
        made = staged / FOLDER / file_name(decision.reviewer, proposal.number)
        made.parent.mkdir(exist_ok=True)
        made.write_bytes(decision.to_bytes())
        openssh.sign_file(made, key=find_key_file(key, decision.reviewer, authority.allowed_signers, Path(name)))
        run = read_signed_run(staged, authority, now=now)
        own = next(
            s for s in reversed(run.signoffs) if s.reviewer == decision.reviewer and s.signed_at == decision.signed_at
        )
        wrong = failures([*run.sentences, *own.sentences])
        if wrong:
            raise SignoffError(f"nothing was signed: {wrong[0].text}", where=decision.reviewer, todo=wrong[0].todo)
        page = page_of(staged, run)
        _ignore_pages(proposal.target.parent.parent)
        if proposal.target == proposal.folder:
            _add(staged, proposal.folder, made.name, page)
        else:
            (staged / SIGNED_PAGE).write_bytes(page)
            _move(staged, proposal)
    return own


def find_run(named: Path) -> Path:
    """The run's folder: itself, that of a file in it, or the newest run of an environment's folder. Raises UsageError."""
    if named.is_file():
        named = next((p for p in named.absolute().parents if _is_run(p)), named)
    if _is_run(named):
        return _short(named)
    runs = (
        sorted({p.parent for name in _OF_A_RUN for p in paths_that_match(named, f"*/{name}", error=UsageError)})
        if named.is_dir()
        else []
    )
    if runs:
        return _short(max(runs, key=_age))
    raise UsageError(
        "is not a run: it contains no statement.json",
        where=str(named),
        todo="name a folder such as reports/dev/20261123T114500Z-1a2b3c4, or reports/dev for its newest run",
    )


def _age(run: Path) -> tuple[datetime, str]:
    """By this the newest run is found; one that cannot be read is the newest, so that no older one takes its place."""
    evidence = evidence_of(run)
    return (evidence.generated_at if evidence else datetime.max.replace(tzinfo=UTC)), run.name


def _is_run(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _OF_A_RUN)  # one of them may be what is missing


def _short(path: Path) -> Path:
    """The path as short as it is from here; links in it stay, so that they can be refused."""
    whole = Path(os.path.normpath(path.absolute()))
    return whole.relative_to(Path.cwd()) if whole.parent.parent.is_relative_to(Path.cwd()) else whole


def check_reviewer(reviewer: str, keys: openssh.PolicyKeys, source: str) -> None:
    """Raise UsageError for a name that no reviewer can have, SignoffError for one whom ``keys`` of ``source`` lack."""
    if not is_identity(reviewer):
        todo = "expected the name in allowed_signers, such as ann@example.org: letters, digits and . _ + @ -"
        raise UsageError("is not a valid reviewer name", where=reviewer, todo=todo)
    if not openssh.is_known(reviewer, keys):
        raise SignoffError(
            f"{reviewer} is not a reviewer: not in {source}",
            where="--as",
            todo="add a line with the reviewer's public key to allowed_signers there first",
        )


def _check_place(folder: Path, authority: Authority) -> None:
    """A run is signed where the policy has the runs of its environment, and nowhere that a link leads to.

    Where policy and keys are those of the working tree, any report folder will do: ``gate --out`` names it.
    """
    target = _target(folder.absolute())
    environment = target.parent.name
    if environment not in {each.name for each in authority.project.environments}:
        what = f"the environment {environment} does not exist, so its runs cannot be signed"
        raise SignoffError(what, where=authority.source, todo="name a run of an environment of audit.toml")
    below = target.parent.parent.parent.parent
    out = authority.project.report_out
    if authority.revision is not None and target.parent.parent.parent.resolve() != out.resolve():
        what = f"is not in {out}, where audit.toml of {authority.revision.named} stores its reports and the gate reads them"
        raise SignoffError(what, where=str(folder), todo=f"move it to {out / environment / folder.name}, and sign it there")
    link = first_link(target, below=below) or first_link(folder.absolute(), below=below)
    if link is not None:
        raise SignoffError("is a symbolic link, which cannot be signed", where=str(link), todo="replace it with the folder")


def _target(folder: Path) -> Path:
    environment = folder.parent
    if environment.parent.name == SIGNED:
        return folder
    target = environment.parent / SIGNED / environment.name / folder.name
    if target.exists():
        todo = "sign the run in that folder, and remove this copy"
        raise SignoffError("is already signed, and is in the folder of signed runs", where=str(target), todo=todo)
    return target


def _move(staged: Path, proposal: Proposal) -> None:
    try:
        staged.rename(proposal.target)
    except OSError as error:
        raise SignoffError(f"cannot be made: {error.strerror}", where=str(proposal.target), todo="sign again") from None
    shutil.rmtree(proposal.folder, ignore_errors=True)
    with suppress(OSError):  # other runs are left in it
        proposal.folder.parent.rmdir()


def _ignore_pages(signed: Path) -> None:
    """Pages are made from what is signed, and differ between clones: git leaves them out."""
    with suppress(FileExistsError), (signed / ".gitignore").open("x", encoding="utf-8") as file:
        file.write(f"{SIGNED_PAGE}\n")


def _add(staged: Path, folder: Path, decision: str, page: bytes) -> None:
    """Two new files, the signature first: without its .json it counts for nothing; and the page of all."""
    target = folder / FOLDER
    names = (f"{decision}.sig", decision)
    added: list[Path] = []
    try:
        for name in names:
            with (target / name).open("xb") as file:  # what was signed is never written again
                added.append(target / name)
                file.write((staged / FOLDER / name).read_bytes())
        (staged / SIGNED_PAGE).write_bytes(page)
        (staged / SIGNED_PAGE).replace(folder / SIGNED_PAGE)
    except OSError as error:
        for path in added:
            path.unlink(missing_ok=True)
        raise SignoffError(f"cannot be written: {error.strerror}", where=str(target), todo="sign again") from None


def find_key_file(key: str, reviewer: str, allowed_signers: bytes, folder: Path) -> Path:
    """A file that ``ssh-keygen -f`` takes: the one that was named, or the reviewer's public key of the agent.

    The latter is written into ``folder``. Raises UsageError for a file that does not exist, AuditError where the agent has
    no key of the reviewer.
    """
    if key == AGENT:
        path = folder / "agent.pub"
        path.write_text(_agent_key(reviewer, allowed_signers) + "\n")
        return path
    path = Path(key).expanduser()
    if not path.is_file():
        raise UsageError("the key does not exist", where=key, todo="name a key file, or agent")
    return path


def _agent_key(reviewer: str, allowed_signers: bytes) -> str:
    """The key of the agent that allowed_signers gives to this reviewer; the only one, where none is named there."""
    held = openssh.agent_keys()
    lines = allowed_signers.decode("utf-8", "replace").splitlines()
    own = [key for key in held if any(key.split()[1] in line and reviewer in line for line in lines)]
    if own:
        return own[0]
    if len(held) == 1:
        return held[0]
    raise AuditError(
        f"the agent has {len(held)} keys, but allowed_signers lists none of them for {reviewer}",
        where="--key agent",
        todo="name the public key's file with --key",
    )
