"""What reviewers decided in earlier commits of a proposal: a no that was reverted, or merged away, is still a no."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from migration_audit import signoff
from migration_audit.artifacts.git.refs import commits_touching, find_revision, is_shallow, merge_base
from migration_audit.artifacts.git.repository import Revision, TreeEntry, find_top
from migration_audit.gate import rejections
from migration_audit.model.signoff import Decision, Sentence, SignedRun, SignOff, fails, remark
from migration_audit.signoff import Authority

Files = dict[PurePosixPath, TreeEntry]


@dataclass(frozen=True, kw_only=True)
class ProposalHistory:
    """The commits between the policy's revision and HEAD; all of HEAD's where there is no such revision."""

    authority: Authority
    top_of: Path
    """A folder of the repository."""
    now: datetime

    def refusals(self, environment: str, run: SignedRun, here: Mapping[str, SignedRun]) -> Iterator[Sentence]:
        """Rejections and withdrawals about ``run``, or about a newer one, that the tree's runs (``here``) do not have.

        In a shallow clone, a note that commits which were not fetched could not be searched. Raises AuditError.
        """
        if find_top(self.top_of) is not None and is_shallow(self.top_of):
            text = (
                "shallow clone: only its commits were searched for undone rejections and for authors (git fetch --unshallow)"
            )
            yield remark(text)
        reported: set[tuple[str, str]] = set()
        for commit, state in self._states(environment):
            if state.generated_at < run.generated_at:
                continue
            needs = self.authority.policy.of(environment)
            withdrawn = [s for s in state.signoffs if s.counts and s.decision is Decision.WITHDRAW]
            for each in (*rejections(state, needs), *withdrawn):
                if _answered(each, here.get(state.name)) or (state.name, each.reviewer) in reported:
                    continue
                reported.add((state.name, each.reviewer))
                did = "rejected" if each.decision is Decision.REJECT else "withdrew an approval of"
                comment = f": {each.comment}" if each.comment else ""
                text = f"{each.reviewer} {did} {state.name} in commit {commit[:9]} of this proposal, which is undone here"
                yield fails(text + comment, "a revert does not withdraw a decision: audit again, and sign the new run")

    def _states(self, environment: str) -> Iterator[tuple[str, SignedRun]]:
        """Each signed run as each of these commits has it, once for the same files."""
        if find_top(self.top_of) is None:
            return
        folder = self.authority.project.report_out / signoff.SIGNED / environment
        revision = self.authority.revision
        head = find_revision(self.top_of, "HEAD")
        if not head.has_inside(folder):
            return
        base = merge_base(self.top_of, revision) if revision else None
        seen: set[frozenset[tuple[PurePosixPath, str]]] = set()
        for commit in commits_touching(head, [folder], since=base):
            at = Revision(top=head.top, named=commit[:9], commit=commit)
            runs: dict[str, Files] = {}
            for path, entry in at.entries(folder).items():
                runs.setdefault(path.parts[0], {})[path] = entry
            for name, files in runs.items():
                mark = frozenset((path, entry.object_id) for path, entry in files.items())
                if mark not in seen:
                    seen.add(mark)
                    yield commit, self._read(at, environment, name, files)

    def _read(self, at: Revision, environment: str, name: str, files: Files) -> SignedRun:
        contents = at.contents(files.values())
        with tempfile.TemporaryDirectory(prefix="migration-audit-history-") as folder:
            for path, entry in files.items():
                target = Path(folder) / environment / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(contents.get(entry.object_id, b""))
            return signoff.read_signed_run(Path(folder) / environment / name, self.authority, now=self.now)


def _answered(decision: SignOff, here: SignedRun | None) -> bool:
    """Whether the tree has this decision, or a later one of the same reviewer about the same run."""
    own = (s for s in here.signoffs if s.counts and s.reviewer == decision.reviewer) if here else ()
    return any(s.signed_at and decision.signed_at and s.signed_at >= decision.signed_at for s in own)
