"""The parts of the draft about what has to be gone once the runner is retired."""

from __future__ import annotations

import posixpath
import re
from typing import Final

from migration_audit.detect.candidate import Candidate
from migration_audit.detect.ledgers import ledgers
from migration_audit.detect.libraries import libraries
from migration_audit.detect.listing import Listing
from migration_audit.detect.toml_text import TomlWriter
from migration_audit.model.enumeration import first_lines

_LOCKS: Final = (
    *("package-lock.json", "pnpm-lock.yaml", "yarn.lock", "poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "go.sum"),
)
_READ: Final = ("package.json", "pyproject.toml", "requirements*.txt", "Pipfile", "go.mod", *_LOCKS)
"""Manifests and lock files that RET006 reads."""
_MENTION: Final = re.compile(r"\bmigrat(?:e|es|ion|ions|or)\b", re.IGNORECASE)
_MOST_DOCUMENTS: Final = 15


def write_rules(lines: TomlWriter, listing: Listing, legacy: Candidate | None) -> None:
    """What the files of the legacy source's project say; its paths must be below audit.toml."""
    lines.blank()
    lines.note("After the retirement: what must be removed. Until then it is the work list.")
    if legacy is None:
        lines.note("There is no legacy source to write rules for yet.")
    else:
        _write_gone(lines, listing, legacy, off=legacy.folder.startswith(".."))
    _write_documents(lines, listing)


def _write_gone(lines: TomlWriter, listing: Listing, legacy: Candidate, *, off: bool) -> None:
    if off:
        lines.note("Paths of rules must be below this file: move it above both projects to use these.")
    if legacy.folder != ".":
        lines.table("[rule]", off=off)
        lines.key("check", "RET001", off=off)
        lines.key("absent", [legacy.folder], legacy.why, off=off)
    for ledger in ledgers(listing, legacy.project):
        lines.table("[rule]", off=True)
        lines.key("check", "RET002", "is this file the runner?", off=True)
        lines.key("absent", [ledger.at.rpartition(":")[0]], f"{ledger.at} makes {ledger.table}", off=True)
    named = libraries(listing, legacy.project)
    files = [p for p in listing.named(*_READ) if (posixpath.dirname(p) or ".") == legacy.project]
    if named and files:
        lines.table("[rule]", off=off)
        lines.key("check", "RET006", off=off)
        lines.key("packages", list(named), ", ".join(named.values()), off=off)
        lines.key("in", files, "manifests and lock files of this project", off=off)
    dockerfile = "Dockerfile" if legacy.project == "." else f"{legacy.project}/Dockerfile"
    if dockerfile in listing.paths and legacy.folder != ".":
        lines.table("[rule]", off=off)
        lines.key("check", "RET007", off=off)
        lines.key("image", dockerfile, dockerfile, off=off)
        lines.key("carries", [posixpath.basename(legacy.folder)], legacy.folder, off=off)


def _write_documents(lines: TomlWriter, listing: Listing) -> None:
    found = [at for path in listing.paths if path.endswith((".md", ".mdx", ".rst")) if (at := listing.line(path, _MENTION))]
    if found:
        lines.note("Documents that mention migrations, for rules with says, says_not and entry (DOC001 to DOC006):")
        for line in first_lines([str(at) for at in found], most=_MOST_DOCUMENTS, rest="and {:,} more"):
            lines.note(f"  {line}")
