"""Which commit a name is: one branch, one tag or one commit; a name that could be two is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from migration_audit.artifacts.git.command import git_reason, line_of_git, output_of_git, run_git
from migration_audit.artifacts.git.repository import Revision, find_top
from migration_audit.model.errors import AuditError

_NAME: Final = re.compile(r"(?P<name>[^\s~^:{}\\*?\[\]]*?)(?P<up>@\{u(?:pstream)?\})?(?P<steps>[~^][~^\d]*)?")
"""A name, perhaps its upstream branch, perhaps steps back: ``origin/main``, ``@{u}``, ``HEAD~2``; nothing else is taken."""
_PLACES: Final = ("refs/", "refs/tags/", "refs/heads/", "refs/remotes/")
_HEADS: Final = {"HEAD": "HEAD", "@": "HEAD", "": "HEAD", "FETCH_HEAD": "FETCH_HEAD"}
_CO_AUTHOR: Final = re.compile(r"^[ \t]*co-authored-by\b(.*)$", re.IGNORECASE | re.MULTILINE)
_ADDRESS: Final = re.compile(r"[^\s<>()\",;]+@[^\s<>()\",;]+")
_HEX: Final = re.compile(r"[0-9a-f]{7,64}")


def find_revision(folder: Path, named: str) -> Revision:
    """The commit that ``named`` is in the repository of ``folder``.

    Raises AuditError, which says how to have it; also for a name that is a branch and a tag at once, or a submodule.
    """
    top = find_top(folder)
    if top is None:
        raise AuditError(
            f"the revision {named} does not exist here: git reports:  "
            f"{git_reason(run_git(folder, 'rev-parse', '--show-toplevel'))}",
            where=str(folder),
            todo="run it in a clone of the repository, as a user who may read it",
        )
    match = _NAME.fullmatch(named)
    base = _base(top, match["name"], is_upstream=bool(match["up"]), named=named) if match and named else None
    steps = match["steps"] or "" if match else ""
    found = base and line_of_git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base[1]}{steps}^{{commit}}")
    if not base or not found:
        raise AuditError(
            f"git does not know the revision {named}",
            where=str(folder),
            todo="fetch it (`git fetch origin`; in CI: check out with the whole history), or name another one",
        )
    return Revision(top=top, named=named, commit=found, ref=None if steps else base[0])


def merge_base(folder: Path, revision: Revision) -> Revision | None:
    """The newest commit that HEAD and the revision have in common, or None."""
    found = line_of_git(folder, "merge-base", "HEAD", revision.commit)
    return Revision(top=revision.top, named=f"merge base with {revision.named}", commit=found) if found else None


def commits_touching(head: Revision, paths: Iterable[Path], *, since: Revision | None) -> list[str]:
    """The commits of ``head`` that ``since`` does not have and that changed something at one of ``paths``, newest first.

    Also those whose change a merge left out. Paths outside the repository are left out; a shallow clone has only the commits
    that were fetched. Raises AuditError when git cannot list them.
    """
    inside = [head.inside(path) for path in paths if head.has_inside(path)]
    if not inside:
        return []
    asked = "\n".join([head.commit, *([f"^{since.commit}"] if since else []), "--", *inside, ""])
    listed = output_of_git(head.top, "rev-list", "--full-history", "--stdin", stdin=asked.encode("utf-8", "surrogateescape"))
    return listed.decode().split()


def people_of(top: Path, commits: Iterable[str]) -> frozenset[str]:
    """The e-mail addresses of authors, committers and co-authors of these commits, in lower case. Raises AuditError.

    A co-author is named by a line that begins so, wherever in the message it is and whatever else is in it.
    """
    asked = "".join(f"{commit}\n" for commit in commits)
    if not asked:
        return frozenset()
    listed = output_of_git(top, "log", "--no-walk", "-z", "--format=%ae%n%ce%n%B", "--stdin", stdin=asked.encode())
    found: set[str] = set()
    for commit in filter(None, listed.decode("utf-8", "replace").split("\0")):
        author, committer, message = commit.split("\n", 2)
        found |= {author, committer, *(a for line in _CO_AUTHOR.findall(message) for a in _ADDRESS.findall(line))}
    return frozenset(each.strip().casefold() for each in found if each.strip())


def is_shallow(folder: Path) -> bool:
    """Whether the clone lacks commits of the history. Raises AuditError."""
    return output_of_git(folder, "rev-parse", "--is-shallow-repository").strip() != b"false"


def is_ancestor(folder: Path, commit: str) -> bool | None:
    """Whether HEAD of the repository of ``folder`` holds this commit; None when git does not know the commit."""
    found = run_git(folder, "merge-base", "--is-ancestor", "--end-of-options", commit, "HEAD")
    return {0: True, 1: False}.get(found.returncode)


def differs_from(path: Path, revision: str) -> tuple[str | None, str | None]:
    """How a file differs from the same file of ``revision``, or None; and why that is unknown, or None."""
    folder = path.parent
    if line_of_git(folder, "rev-parse", "--is-inside-work-tree") != "true":
        return None, "is not in a git repository, so changes cannot be detected; add a sha256 to the rule"
    try:
        commit = find_revision(folder, revision).commit
    except AuditError as error:
        return None, f"{error.what}; {error.todo}"
    if run_git(folder, "cat-file", "-e", f"{commit}:./{path.name}").returncode:
        return f"it does not exist in {revision}", None
    if run_git(folder, "diff", "--quiet", "--no-ext-diff", "--no-textconv", commit, "--", path.name).returncode:
        return f"differs from {revision}", None
    return None, None


def contains(folder: Path, branch: str, commit: str) -> bool:
    """Whether a branch (a full name) holds this commit."""
    return run_git(folder, "merge-base", "--is-ancestor", "--end-of-options", commit, branch).returncode == 0


def checked_out(folder: Path) -> str | None:
    """The full name of the branch that is checked out; None for none."""
    return line_of_git(folder, "symbolic-ref", "--quiet", "HEAD")


def upstream_of(folder: Path, branch: str) -> str | None:
    """The full name of the branch that a local branch (a full name) follows; None where it follows none."""
    return line_of_git(folder, "for-each-ref", "--format=%(upstream)", branch)


def default_branches(folder: Path) -> frozenset[str]:
    """The full names of the remotes' default branches, as ``origin/HEAD`` says."""
    heads = line_of_git(folder, "for-each-ref", "--format=%(symref)", "refs/remotes/*/HEAD") or ""
    return frozenset(filter(None, heads.splitlines()))


def _base(top: Path, name: str, *, is_upstream: bool, named: str) -> tuple[str | None, str] | None:
    """The full name of the ref, where it is one, and the object that it is; None for neither."""
    if is_upstream:
        branch = checked_out(top) if name in {"", "@", "HEAD"} else f"refs/heads/{name}"
        upstream = branch and upstream_of(top, branch)
        return _ref(top, upstream) if upstream else None
    if name in _HEADS:
        head = line_of_git(top, "rev-parse", "--verify", "--quiet", _HEADS[name])
        return (_HEADS[name], head) if head else None
    if name.startswith("refs/"):
        return _ref(top, name)
    refs: list[tuple[str | None, str]] = [
        *_refs(top, [*(f"{place}{name}" for place in _PLACES), f"refs/remotes/{name}/HEAD"])
    ]
    found = [*refs, *((None, commit) for commit in _commits(top, name))]
    if len(found) > 1:
        each = [ref or f"the commit {commit[:12]}" for ref, commit in found]
        what = f"{named} is ambiguous: it is {' and '.join(each)}"
        raise AuditError(
            what, where=str(top), todo=f"delete the wrong one, or write the full name of the right one: {each[-1]}"
        )
    return found[0] if found else None


def _ref(top: Path, full: str) -> tuple[str, str] | None:
    found = line_of_git(top, "show-ref", "--verify", "--hash", "--", full)
    return (full, found) if found else None


def _refs(top: Path, asked: list[str]) -> list[tuple[str, str]]:
    """Those of the full names ``asked`` that are refs, each with its object, in their order."""
    listed = line_of_git(top, "for-each-ref", "--format=%(refname) %(objectname)", "--", *asked) or ""
    there = dict(line.rsplit(" ", 1) for line in listed.splitlines())
    return [(full, there[full]) for full in asked if full in there]


def _commits(top: Path, name: str) -> list[str]:
    """The commits whose name begins so; none for what is not a hexadecimal number."""
    found = line_of_git(top, "rev-parse", f"--disambiguate={name}") if _HEX.fullmatch(name) else None
    return [each for each in (found or "").split() if line_of_git(top, "cat-file", "-t", each) == "commit"]
