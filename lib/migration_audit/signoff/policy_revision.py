"""Whether whoever proposes a change could have chosen the revision that policy and keys are read from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from migration_audit.artifacts.git.refs import checked_out, contains, default_branches, find_revision, upstream_of
from migration_audit.artifacts.git.repository import Revision
from migration_audit.model.errors import AuditError

NAME_IT = "name the branch that the proposal goes into: --policy-from origin/main"
_TARGETS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "CI_DEFAULT_BRANCH")
"""Variables with the name of a branch that a proposal goes into."""
_PROTECTED = {"GITHUB_REF_NAME": "GITHUB_REF_PROTECTED", "CI_COMMIT_REF_NAME": "CI_COMMIT_REF_PROTECTED"}
"""The name of the branch that a pipeline is about, and whether it is protected."""
_PROPOSED = ("GITHUB_HEAD_REF", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME")


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
