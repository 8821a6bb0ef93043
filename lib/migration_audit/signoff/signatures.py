"""The sign-offs of a run, each verified: whose signature, over which bytes, about which run, and whether it holds now."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from migration_audit.model.enumeration import some_of
from migration_audit.model.errors import AuditError
from migration_audit.model.evidence import CLOCKS, Evidence
from migration_audit.model.signoff import Decision, Sentence, SignedRun, SignOff, fails, failures, holds, remark
from migration_audit.signoff import openssh
from migration_audit.signoff.authority import Authority
from migration_audit.signoff.decisions import FOLDER, SignedDecision, decision_number, read_decision
from migration_audit.signoff.openssh import SshSignature, read_signature
from migration_audit.signoff.statement import STATEMENT_FILE, evidence_of, file_sentences

_PRINCIPALS = re.compile(r"^[ \t]*([^\s#]+)", re.MULTILINE)
_DOES = {Decision.APPROVE: "approves", Decision.REJECT: "rejects", Decision.WITHDRAW: "withdraws their earlier decision"}


def read_signed_run(folder: Path, authority: Authority, *, now: datetime) -> SignedRun:
    """Everything that is known about a run's folder without a database: files, statement, each sign-off.

    Never raises for what is wrong with the run: that becomes a sentence. Raises AuditError without ssh-keygen.
    """
    evidence = evidence_of(folder)
    statement = folder / STATEMENT_FILE
    digest = hashlib.sha256(statement.read_bytes()).hexdigest() if statement.is_file() else ""
    here = folder / FOLDER
    names = sorted(path.name for path in here.iterdir()) if here.is_dir() else []
    verifier = _Verifier(folder=folder, evidence=evidence, statement_sha256=digest, authority=authority, now=now)
    signoffs = _with_current([verifier.verify(here / name) for name in names if name.endswith(".json")])
    return SignedRun(
        folder=str(folder),
        name=folder.name,
        environment=evidence.environment if evidence else folder.parent.name,
        evidence=evidence,
        statement_sha256=digest,
        sentences=(*file_sentences(folder), *_unexpected_files(names)),
        signoffs=signoffs,
    )


def _with_current(read: list[tuple[int, SignOff]]) -> tuple[SignOff, ...]:
    """The sign-offs, of which those are current that no later valid one of the same reviewer takes the place of.

    Their names number them, and no signature covers a name; their times are those of the signers' clocks. An approval gives
    way to a no that is later by one of the two; everything else only to what is later by both.
    """
    valid = [(number, each) for number, each in read if each.is_intact and each.is_authorised]

    def gives_way(number: int, one: SignOff) -> bool:
        is_yes = one.decision is Decision.APPROVE
        return any(
            (other > number and _time(each) >= _time(one))
            or (is_yes and each.decision is not Decision.APPROVE and (other > number or _time(each) > _time(one)))
            for other, each in valid
            if each.reviewer == one.reviewer
        )

    return tuple(replace(each, is_current=not gives_way(number, each)) for number, each in read)


def _time(signoff: SignOff) -> datetime:
    return signoff.signed_at or datetime.min.replace(tzinfo=UTC)


def holds_key_of(
    signoff: SignOff, people: Collection[str], authority: Authority, *, namespace: str = openssh.NAMESPACE
) -> bool:
    """Whether allowed_signers gives the key of a sign-off that counts to one of ``people`` as well (names in lower case)."""
    principals = _PRINCIPALS.findall(authority.allowed_signers.decode("utf-8", "replace"))
    patterns = {each.strip('"') for line in principals for each in line.split(",")}
    names = {*people, *(each for each in patterns if each.casefold() in people)}
    asked = [name for name in sorted(names) if any(fnmatchcase(name.casefold(), each.casefold()) for each in patterns)]
    return any(
        openssh.is_signed_by(
            *signoff.signed, identity=name, at=_time(signoff), keys=authority.keys, revocation=False, namespace=namespace
        )
        for name in asked
        if name.casefold() != signoff.reviewer.casefold()
    )


def _unexpected_files(names: list[str]) -> Iterator[Sentence]:
    for name in names:
        if not name.endswith(".json") and not (name.endswith(".json.sig") and name[: -len(".sig")] in names):
            yield fails(
                f"{FOLDER}/{name} does not belong to a sign-off", "restore its .json, or remove it or move it elsewhere"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verifier:
    """What every sign-off of a run is judged by."""

    folder: Path
    evidence: Evidence | None
    statement_sha256: str
    authority: Authority
    now: datetime

    def verify(self, path: Path) -> tuple[int, SignOff]:
        """One sign-off, and which of its reviewer's it is; what cannot be read counts for nothing and says so."""
        name = path.name.removesuffix(".json")
        try:
            content = path.read_bytes()
            decision = read_decision(content)
            signature = _signature_of(path)
        except (OSError, ValueError) as error:
            sentence = fails(f"{FOLDER}/{path.name}: {error}", "restore it from git")
            return 1, SignOff(reviewer=name, decision=None, sentences=(sentence,))
        intact = tuple(self._integrity(path, content, decision, signature))
        authority = tuple(self._authority(path, content, decision, signature))
        found = SignOff(
            reviewer=decision.reviewer,
            decision=decision.decision,
            comment=decision.comment,
            signed_at=decision.signed_at,
            expires=decision.expires,
            fingerprint=_fingerprint(signature),
            waivers=decision.waivers,
            signed=(content, signature.armored),
            sentences=(*intact, *authority),
            is_intact=not failures(intact),
            is_authorised=not failures(authority),
        )
        return decision_number(path.name, decision.reviewer) or 1, found

    def _integrity(
        self, path: Path, content: bytes, decision: SignedDecision, signature: SshSignature
    ) -> Iterator[Sentence]:
        shown, again = f"{FOLDER}/{path.name}", "restore it from git, or have the reviewer sign again"
        if signature.namespace != openssh.NAMESPACE:
            yield fails(
                f"the signature of {shown} was made for {signature.namespace!r} and not for {openssh.NAMESPACE!r}", again
            )
        elif openssh.is_intact(content, signature.armored):
            yield holds(f"the signature matches {shown}, in the namespace {openssh.NAMESPACE}")
        else:
            yield fails(f"the signature does not match {shown}: one of the two was changed", again)
        if decision_number(path.name, decision.reviewer) is None:
            yield fails(f"{shown} names the reviewer {decision.reviewer}", "a sign-off is stored under its reviewer's name")
        if decision.statement_sha256 == self.statement_sha256:
            yield holds(f"it is about this {STATEMENT_FILE} (SHA-256 {decision.statement_sha256})")
        else:
            yield fails(
                f"it is about a different {STATEMENT_FILE} (SHA-256 {decision.statement_sha256}), so about another run",
                "a sign-off counts for one run only: sign this one",
            )
        for name in ("project", "environment", "verdict"):
            there = getattr(self.evidence, name, None)
            if getattr(decision, name) != there:
                yield fails(f"it is about {name} {getattr(decision, name)}, not {there}", "sign this run")
        waived = self.evidence.waived if self.evidence else ()
        if decision.waivers != waived:
            yield fails(f"it accepts the waivers {_listed(decision.waivers)}, not {_listed(waived)}", "sign this run")
        if decision.run != self.folder.name:
            yield fails(f"it is about the run {decision.run}, not {self.folder.name}", "sign this run")

    def _authority(
        self, path: Path, content: bytes, decision: SignedDecision, signature: SshSignature
    ) -> Iterator[Sentence]:
        yield from self._identity(path, content, decision, signature)
        yield from self._times(decision)
        yield holds(f"{decision.reviewer} {_DOES[decision.decision]}")

    def _identity(self, path: Path, content: bytes, decision: SignedDecision, signature: SshSignature) -> Iterator[Sentence]:
        who, at, key = decision.reviewer, decision.signed_at, _fingerprint(signature) or "unknown"

        def signed(when: datetime, *, revocation: bool) -> bool:
            return openssh.is_signed_by(
                content, signature.armored, identity=who, at=when, keys=self.authority.keys, revocation=revocation
            )

        if not signed(at, revocation=False):
            yield fails(*self._why_not(who, at, key, signature))
            return
        # The time in a decision is that of its signer's clock: a line that has ended needs another witness of the time.
        seen = self.authority.reached(self.folder, path, content) or self.now
        if decision.decision is Decision.APPROVE and not signed(seen, revocation=False):  # no key's end makes a no to a yes
            what = f"the key {key} of {who} is not valid on {_day(seen)}"
            why = (
                "when the decision reached the protected branch"
                if seen != self.now
                else "and the decision did not exist before"
            )
            yield fails(f"{what}, {why}", "have the reviewer sign again with a valid key")
            return
        yield holds(f"the key {key} belongs to {who} according to {self.authority.source}, and was valid on {_day(at)}")
        if self.authority.revoked is None:
            yield remark("the policy names no list of revoked keys")
        elif signed(at, revocation=True):
            yield holds("the key is not revoked")
        else:
            yield fails(f"the key {key} of {who} is revoked", "another reviewer must review the run and sign it")

    def _why_not(self, who: str, at: datetime, key: str, signature: SshSignature) -> tuple[str, str]:
        if not openssh.is_known(who, self.authority.keys):
            return f"{who} is not a reviewer: not in {self.authority.source}", "add the key to allowed_signers there first"
        if signature.key_line.split(" ")[1].encode() in self.authority.allowed_signers:
            what = f"the key {key} was not valid for {who} on {_day(at)}"
            why = "it belongs to someone else, is for another purpose, or was not valid then"
            todo = "see its line in allowed_signers: principals, namespaces, valid-after, valid-before"
            return f"{what}: {why}", todo
        return f"the key {key} does not belong to {who}", "sign with a key that allowed_signers lists for this reviewer"

    def _times(self, decision: SignedDecision) -> Iterator[Sentence]:
        generated = self.evidence.generated_at if self.evidence else None
        is_no = decision.decision is not Decision.APPROVE  # a wrong clock does not make a no to a yes
        if generated is None or decision.signed_at < generated - CLOCKS:
            text = f"its date {_day(decision.signed_at)} is before the audit"
            yield Sentence(ok=None if is_no else False, text=text, todo="sign again")
        elif decision.signed_at > self.now + CLOCKS:
            text = f"its date {_day(decision.signed_at)} is in the future"
            yield Sentence(ok=None if is_no else False, text=text, todo="correct the clock, and sign again")
        if is_no:
            yield holds("it does not expire")
        elif decision.expires is None:
            yield holds("it does not expire by itself")
        elif self.now > decision.expires:
            yield fails(f"it expired on {_day(decision.expires)}", "review a new run, and sign it")
        else:
            yield holds(f"it is valid until {_day(decision.expires)}")


def _signature_of(path: Path) -> SshSignature:
    signature = path.with_name(f"{path.name}.sig")
    if not signature.is_file():
        raise ValueError(f"its signature {signature.name} is missing")
    return read_signature(signature.read_bytes())


def _fingerprint(signature: SshSignature) -> str | None:
    try:
        return openssh.fingerprint(signature.key_line)
    except AuditError:
        return None


def _listed(names: tuple[str, ...]) -> str:
    return some_of(names) or "none"


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
