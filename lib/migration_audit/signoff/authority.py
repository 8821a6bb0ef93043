"""Where policy and keys come from: the files as they are, or a git revision that the proposer of a change cannot change."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from migration_audit.artifacts.git.command import each_line_once
from migration_audit.artifacts.git.refs import checked_out, contains, default_branches, find_revision, upstream_of
from migration_audit.artifacts.git.repository import Revision
from migration_audit.model.errors import AuditError, ConfigError, SignoffError, UsageError
from migration_audit.project import Policy, Project, project_of
from migration_audit.signoff.openssh import PolicyKeys

_KRL = b"SSHKRL\n\0"
_KEY = re.compile(r"(?:^|(?<=\s))((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[\w@.-]+)\s+([A-Za-z0-9+/]+={0,2})(?=\s|$)")
_OPTIONS = re.compile(r"([a-z-]+)(?:=\"[^\"]*\")?")
_NAME_IT = "name the branch that the proposal goes into: --policy-from origin/main"
_TARGETS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CI_DEFAULT_BRANCH")
"""Variables with the name of a branch that a proposal goes into."""
_PROTECTED = {"GITHUB_REF_NAME": "GITHUB_REF_PROTECTED", "CI_COMMIT_REF_NAME": "CI_COMMIT_REF_PROTECTED"}
"""The name of the branch that a pipeline is about, and whether it is protected."""
_PROPOSED = ("GITHUB_HEAD_REF", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """The policy that signatures are judged by, with the keys that it names."""

    project: Project
    """audit.toml as the authority has it."""
    allowed_signers: bytes
    revoked: bytes | None
    revision: Revision | None
    """Where it was read from; None for the working tree."""
    source: str
    """The same for people, in a few words: ``allowed_signers of origin/main (1a2b3c4)``."""
    weakness: str | None = None
    """Why the author of a change could have a say in policy and keys; None where that is not known."""

    @property
    def caution(self) -> str | None:
        """The warning where the author of a change can change policy and keys too."""
        return self.weakness and f"{self.weakness} (--policy-from)"

    def check_for_ci(self, environ: Mapping[str, str]) -> None:
        """Raise SignoffError in a pipeline whose policy the proposer could have chosen."""
        if self.weakness and is_ci(environ):
            raise SignoffError(self.weakness, where="policy", todo=_NAME_IT)

    def reached(self, run: Path, path: Path, content: bytes) -> datetime | None:
        """When a file of a signed run came into the policy's revision as it is; None when it is not there so."""
        if self.revision is None:
            return None
        there = self.project.report_out / "signed" / run.parent.name / run.name / path.relative_to(run)
        if self.revision.has_inside(there) and self.revision.read(there) == content:
            return self.revision.added_at(there)
        return None

    @property
    def keys(self) -> PolicyKeys:
        """The keys, as signatures are judged by them."""
        return PolicyKeys(allowed_signers=self.allowed_signers, revoked=self.revoked)

    @property
    def policy(self) -> Policy:
        """The policy."""
        return self.project.policy


@each_line_once()
def read_authority(project: Project, *, policy_from: str | None = None, allowed_signers: Path | None = None) -> Authority:
    """Policy and keys of ``policy_from``, else of the revision that audit.toml names, else of the working tree.

    ``allowed_signers`` names a file of keys instead of the policy's, where no revision is asked for. Raises UsageError for
    an empty ``policy_from``; SignoffError
    when only the working tree says that another revision, or none, be used; ConfigError where audit.toml names no keys;
    AuditError where the revision or a file is not there.
    """
    if policy_from is not None and not policy_from.strip():
        what = "is empty, probably because a variable is not set"
        raise UsageError(what, where="--policy-from", todo=_NAME_IT)
    named = policy_from or project.policy.policy_from
    if policy_from is None:
        _refuse_edited(project)
    if named is None:
        found = _of_working_tree(project, allowed_signers)
        return replace(found, weakness=weakness(None, is_named_by_tree=True, environ=os.environ))
    if allowed_signers is not None:
        raise SignoffError(
            f"the keys are read from {named}, not from a local file",
            where=str(allowed_signers),
            todo="omit --allowed-signers",
        )
    found = _of_revision(project, find_revision(project.directory, named))
    weak = weakness(found.revision, is_named_by_tree=policy_from is None, environ=os.environ)
    return replace(found, weakness=weak)


def _of_revision(project: Project, revision: Revision) -> Authority:
    shown = f"{revision.named}:{project.path.name}"
    content = revision.read(project.path)
    if content is None:
        raise AuditError("the file does not exist", where=shown, todo=f"the policy must be in {revision.named} first")
    there = project_of(content, path=project.path, shown=shown)

    def read(name: str) -> bytes:
        found = revision.read(project.directory / name)
        if found is None:
            raise AuditError("the file does not exist", where=f"{revision.named}:{name}", todo="commit it there first")
        return found

    signers = _needed(there.policy, shown)
    revoked = None if there.policy.revoked is None else _checked(read(there.policy.revoked), there.policy.revoked)
    source = f"{Path(signers).name} of {revision.named} ({revision.commit[:7]})"
    return Authority(project=there, allowed_signers=read(signers), revoked=revoked, revision=revision, source=source)


def _of_working_tree(project: Project, allowed_signers: Path | None) -> Authority:
    def read(path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            todo = "see [policy] in audit.toml"
            raise AuditError(f"cannot be read: {error.strerror}", where=str(path), todo=todo) from None

    signers = allowed_signers or project.directory / _needed(project.policy, project.path.name)
    revoked = project.policy.revoked
    return Authority(
        project=project,
        allowed_signers=read(signers),
        revoked=None if revoked is None else _checked(read(project.directory / revoked), revoked),
        revision=None,
        source=f"the local file {signers.name}",
    )


def _needed(policy: Policy, shown: str) -> str:
    if policy.allowed_signers is None:
        raise ConfigError(
            "does not name the reviewers' keys",
            where=shown,
            todo='add [policy] with allowed_signers = ".audit/allowed_signers", and the keys in that file',
        )
    return policy.allowed_signers


def _refuse_edited(project: Project) -> None:
    """A policy_from that was committed cannot be taken out by an edit of the file alone."""
    try:
        content = find_revision(project.directory, "HEAD").read(project.path)
        committed = content and project_of(content, path=project.path, shown="HEAD").policy.policy_from
    except AuditError:  # in no repository, or with another audit.toml so far
        return
    if committed and committed != project.policy.policy_from:
        raise SignoffError(
            f"policy_from differs from the committed value {committed}",
            where=project.path.name,
            todo=f"revert the change, or name the revision explicitly: --policy-from {committed}",
        )


def _checked(revoked: bytes, name: str) -> bytes:
    """The revoked keys as ssh-keygen takes them: a KRL as it is; public keys one a line, from lines of either format.

    ssh-keygen refuses every signature when it cannot read this file, as if all keys were revoked. Raises ConfigError.
    """
    if revoked.startswith(_KRL):
        return revoked
    keys = []
    for number, line in enumerate(revoked.decode("utf-8-sig", "replace").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key = _KEY.search(text)
        if key is None or not _is_key(*key.groups()):
            todo = "expected public keys or lines of allowed_signers, one a line, or a KRL (ssh-keygen -k)"
            raise ConfigError("is not a public key", where=f"{name}:{number}", todo=todo)
        options = _OPTIONS.findall(text[: key.start()].partition(" ")[2])
        if set(options) - {"cert-authority", "namespaces"}:
            what = f"revokes a key with {', '.join(sorted(set(options)))}, but only a whole key can be revoked"
            raise ConfigError(what, where=f"{name}:{number}", todo="remove the option, or the line")
        keys.append(f"{key[1]} {key[2]}\n")
    return "".join(keys).encode()


def _is_key(kind: str, text: str) -> bool:
    try:
        blob = base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    parts: list[bytes] = []
    while blob:  # a key is a sequence of texts, each with its length before it; a certificate has other fields as well
        length = int.from_bytes(blob[:4], "big")
        part, rest = blob[4 : 4 + length], blob[4 + length :]
        if len(part) < length:
            return kind.endswith("-cert-v01@openssh.com") and parts[:1] == [kind.encode()]
        parts.append(part)
        blob = rest
    return len(parts) > 1 and parts[0] == kind.encode()


def is_ci(environ: Mapping[str, str]) -> bool:
    """Whether this is a pipeline: ``CI`` as GitHub, GitLab and others set it, ``TF_BUILD`` of Azure."""
    return environ.get("CI", "").lower() not in {"", "0", "false"} or environ.get("TF_BUILD", "").lower() == "true"


def weakness(
    revision: Revision | None, *, is_named_by_tree: bool, environ: Mapping[str, str], is_proposed: bool = True
) -> str | None:
    """Why the proposer of a change could have a say in policy and keys; None where that is not known.

    ``is_named_by_tree``: audit.toml of the working tree named the revision, and nothing outside of it did. Without
    ``is_proposed`` the change is one of another repository, and what is checked out in this one is not a proposal.
    """
    if revision is None:
        return "policy and keys are read from the working tree: a proposal could change them too"
    trusted = frozenset(_trusted(revision, environ))
    if revision.ref in trusted:
        return None
    if is_named_by_tree and is_ci(environ):
        return (
            f"{revision.named} is named by audit.toml of the proposal itself, "
            "and this pipeline does not confirm it as the target branch"
        )
    reasons = _reasons(revision, trusted, environ) if is_proposed else _reasons_of_name(revision)
    return next(reasons, None)


def _reasons(revision: Revision, trusted: frozenset[str], environ: Mapping[str, str]) -> Iterator[str]:
    yield from _reasons_of_name(revision)
    named, top, ref = revision.named, revision.top, revision.ref
    branch = checked_out(top)
    if ref is not None and ref in {branch, upstream_of(top, branch) if branch else None}:
        yield f"{named} is the branch checked out here"
    proposed = {environ.get(name) for name in _PROPOSED} - {None, ""}
    if ref is not None and any(ref.endswith(f"/{name}") for name in proposed):
        yield f"{named} is the branch that is proposed"
    is_remote = ref is not None and ref.startswith("refs/remotes/")
    if not is_remote and find_revision(top, "HEAD").commit == revision.commit:
        yield f"{named} is the commit checked out here"
    if not is_remote and trusted and not any(contains(top, branch, revision.commit) for branch in trusted):
        yield f"{named} is not on {' or '.join(sorted(b.removeprefix('refs/remotes/') for b in trusted))}"


def _reasons_of_name(revision: Revision) -> Iterator[str]:
    if revision.named.startswith(("HEAD", "@")):
        yield f"{revision.named} is the proposal itself, or something it defines"
    if revision.ref is not None and revision.ref.startswith("refs/tags/"):
        yield f"{revision.named} is a tag, which anyone who may push can set"
    if revision.ref == "FETCH_HEAD":
        yield f"{revision.named} is the result of the last fetch"


def _trusted(revision: Revision, environ: Mapping[str, str]) -> Iterator[str]:
    """Full names of the branches that proposals go into, as the pipeline or the clone says."""
    yield from default_branches(revision.top)
    names = [environ.get(name) for name in _TARGETS]
    names += [environ.get(name) for name, is_protected in _PROTECTED.items() if environ.get(is_protected) == "true"]
    for name in filter(None, names):
        try:
            found = find_revision(revision.top, f"refs/remotes/origin/{name}")
        except AuditError:
            continue
        yield str(found.ref)
