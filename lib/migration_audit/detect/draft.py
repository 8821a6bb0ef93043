"""The text of the audit.toml: what was recognised, where it was taken from, and what is left to decide."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field

from migration_audit.detect.candidate import Candidate, DetectedRole
from migration_audit.detect.draft_parts import TomlWriter, write_boot, write_environments, write_rules, write_snapshot
from migration_audit.detect.libraries import OF_FORMAT, ledgers, libraries
from migration_audit.detect.listing import Listing
from migration_audit.detect.sql_places import Found, find
from migration_audit.detect.stack import Composed, composed
from migration_audit.formats import BY_NAME, LEDGERS
from migration_audit.model.enumeration import first_lines
from migration_audit.project.repositories import repository_name

_FILL_IN = "FILL IN"
"""Stands where a person has to write something; a run says that no file matches it."""
_MOST_SEEN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigDraft:
    """An audit.toml that loads, and what a person has to know about it."""

    text: str
    taken: tuple[str, ...]
    """What was recognised, a line each."""
    left: tuple[str, ...]
    """What is left to decide, a line each."""
    unused: tuple[str, ...]
    """What was found and is used nowhere, a line each: a source may be among it."""


@dataclass
class _Draft:
    listing: Listing
    found: Found
    stack: Composed | None
    lines: TomlWriter = field(default_factory=TomlWriter)
    taken: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def draft_of(listing: Listing) -> ConfigDraft:
    """The draft for a folder; raises nothing that a file of it could cause."""
    found = find(listing)
    stacks, unread = composed(
        listing,
        owner=_project(found.roles.owner),
        legacy=_project(found.roles.legacy),
    )
    whole = [each for each in stacks if each.is_whole]
    draft = _Draft(listing, found, whole[0] if len(whole) == 1 else None)
    _write_project(draft)
    _write_repositories(draft)
    _write_source(draft, "legacy", "The SQL whose runner is to be retired.", found.roles.legacy)
    _write_source(draft, "owner", "The SQL of the only runner from now on.", found.roles.owner)
    draft.left += write_environments(draft.lines, listing)
    write_snapshot(draft.lines, found, draft.left)
    draft.left += write_boot(draft.lines, found, draft.stack, stacks, unread, listing)
    write_rules(draft.lines, listing, found.roles.legacy.chosen)
    unused = first_lines([*found.seen, *listing.notes], most=_MOST_SEEN, rest="and {:,} more")
    _write_unused(draft.lines, unused)
    text = _head(draft.left) + draft.lines.text()
    return ConfigDraft(text=text, taken=tuple(draft.taken), left=tuple(draft.left), unused=tuple(unused))


def _project(role: DetectedRole) -> str | None:
    return role.chosen.project if role.chosen else None


def _head(left: Sequence[str]) -> str:
    head = TomlWriter()
    head.note("audit.toml, written by `migration-audit init --detect`: each line names the file it was taken from.")
    head.note("`migration-audit init DIR` writes one in which every key is explained.")
    head.note("")
    if left:
        head.note(
            f"TO BE DECIDED ({len(left)}). Replace each {_FILL_IN}. Of alternatives after `or:`, keep one and remove its #:"
        )
    for number, one in enumerate(left, start=1):
        head.note(f"{number}. {one}")
    head.blank()
    return head.text()


def _base(draft: _Draft) -> str:
    name = draft.listing.base.name.strip()
    return name if name.isprintable() and name else "project"


def _write_project(draft: _Draft) -> None:
    lines, stack = draft.lines, draft.stack
    lines.table("project")
    lines.key("name", _base(draft), "the name of this folder")
    if stack is not None and stack.writer_role:
        where = f"{stack.path}: service {stack.writer[0]} connects with it"
        lines.key("writer_role", stack.writer_role, where)
    else:
        lines.offered().key("writer_role", "writer", "the role of the program that writes rows")


def _write_repositories(draft: _Draft) -> None:
    """A table for each git repository, next to that of audit.toml, which what was recognised lies in."""
    roles = (draft.found.roles.legacy, draft.found.roles.owner)
    places = [role.chosen.folder for role in roles if role.chosen is not None]
    places += [posixpath.dirname(draft.stack.path)] if draft.stack is not None else []
    names: list[str] = []
    for folder in dict.fromkeys(filter(None, map(draft.listing.repository_of, places))):
        name = repository_name(posixpath.basename(folder))
        name += f"-{len(names) + 1}" if name in names else ""
        names.append(name)
        branch = draft.listing.protected_branch(folder)
        draft.lines.blank()
        draft.lines.table(f"repository.{name}")
        draft.lines.key("path", folder, f"{folder}/.git")
        where = "the default branch of its origin" if branch else "the protected branch at which the gate reads it"
        draft.lines.offered(branch is None).key("policy_from", branch or "origin/main", where)
        draft.taken.append(f"[repository.{name}] {folder}: it is a separate git repository")
        if branch is None:
            draft.left.append(f"[repository.{name}] which is the protected branch of {folder}? Set policy_from to it")


def _write_source(draft: _Draft, table: str, what: str, role: DetectedRole) -> None:
    lines = draft.lines
    lines.blank()
    lines.note(what)
    lines.table(table)
    if role.chosen is not None:
        lines.note(f"{role.chosen.shown}: {role.why}.")
        _write_candidate(lines, role.chosen, _base(draft))
        draft.taken.append(f"[{table}] {role.chosen.shown}: {role.chosen.why}")
        draft.left += [f"[{table}] {doubt}" for doubt in role.chosen.doubts]
        if table == "owner" and draft.stack is not None and draft.stack.owner_role:
            lines.key("role", draft.stack.owner_role, f"{draft.stack.path}: service {draft.stack.owner[0]} connects with it")
        if role.chosen.formats:
            lines.offered().key("format", role.chosen.formats[0], f"or {', '.join(role.chosen.formats[1:])}")
        _write_ledger(draft, table, role.chosen)
        return
    names = "; ".join(candidate.shown for candidate in role.between)
    draft.left.append(f"[{table}] {role.why}" + (f": {names}" if names else ""))
    lines.key("sql", [f"{_FILL_IN}: {names or 'the globs of its files'}"], role.why)
    for candidate in role.between:
        lines.note("or:")
        _write_candidate(lines.offered(), candidate, _base(draft))
        _write_known_ledger(lines.offered(), table, candidate)


def _write_candidate(lines: TomlWriter, candidate: Candidate, base: str) -> None:
    root = _root(candidate)
    name = base if candidate.project == "." else posixpath.basename(candidate.project)
    where = "the name of this folder" if candidate.project == "." else f"the folder {candidate.project}"
    lines.key("name", name, where)
    if root != ".":
        lines.key("root", root, "next to this folder" if root.startswith("..") else candidate.why)
    if candidate.command:
        lines.key("command", candidate.command, candidate.why)
        if candidate.env:
            lines.key("env", dict(candidate.env), f"{candidate.env_from} reads them")
        lines.key("files", candidate.files, "what decides what it does")
        return
    inside = [pattern[len(root) + 1 :] or "." if root != "." else pattern for pattern in candidate.sql]
    lines.key("sql", inside, candidate.why)
    if candidate.format is not None:
        lines.key("format", candidate.format, candidate.why)


def _root(candidate: Candidate) -> str:
    """Where its paths count from: patterns of audit.toml stay below it."""
    if candidate.command or not candidate.folder.startswith(".."):
        return candidate.root
    return "/".join(candidate.folder.split("/")[:2])


def _write_ledger(draft: _Draft, table: str, candidate: Candidate) -> None:
    lines = draft.lines
    form = BY_NAME.get(candidate.format or "")
    if form is not None:
        if form.ledger is not None:
            lines.note(f"Its ledger is {form.ledger.table}, as {form.runner} defines it.")
        return
    _write_known_ledger(lines, table, candidate)
    if candidate.command:
        return
    for name, at in libraries(draft.listing, candidate.project).items():
        known = next((each for each, names in OF_FORMAT.items() if name in names), None)
        then = f'set format = "{known}"' if known in BY_NAME else "call it: command = [...] instead of sql"
        draft.left.append(f"[{table}] {at} names {name}: does it apply {candidate.folder}? Then {then}")
    found = ledgers(draft.listing, candidate.project)
    if len(found) == 1 and found[0].name_column:
        (ledger,) = found
        lines.blank()
        lines.table(f"{table}.ledger")
        lines.key("table", ledger.table, ledger.at)
        lines.key("name_column", ledger.name_column or "", ledger.at)
        if ledger.checksum_column:
            lines.key("checksum_column", ledger.checksum_column, f"{ledger.at}: a SHA-256, as that file says")
        draft.left += [f"[{table}.ledger] {doubt}" for doubt in ledger.doubts]
        draft.taken.append(f"[{table}.ledger] {ledger.table}: {ledger.at}")
    else:
        between = ", ".join(f"{one.table} ({one.at})" for one in found)
        perhaps = f" Perhaps {between}." if between else ""
        draft.left.append(f"[{table}.ledger] in which table does its runner record what it applied?{perhaps}")


def _write_known_ledger(lines: TomlWriter, table: str, candidate: Candidate) -> None:
    if candidate.ledger is None:
        return
    if not lines.is_offered:
        lines.blank()
    lines.table(f"{table}.ledger")
    default = LEDGERS[candidate.ledger].table
    where = f"{default}, unless {candidate.files[1]} sets another one: then name its table"
    lines.key("format", candidate.ledger, where)


def _write_unused(lines: TomlWriter, unused: Sequence[str]) -> None:
    if unused:
        lines.blank()
        lines.note("Found, but not used:")
        for one in unused:
            lines.note(f"- {one}")
