"""Parts of the draft: databases, Directus, the boot of a fresh stack, and what retirement deletes."""

from __future__ import annotations

import glob
import json
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from migration_audit.artifacts.text import word_list
from migration_audit.detect.candidate import Candidate
from migration_audit.detect.libraries import ledgers, libraries
from migration_audit.detect.listing import Listing
from migration_audit.detect.sql_places import Found
from migration_audit.detect.stack import MAIN, OTHERS, Composed, dockerfile_of, is_directus
from migration_audit.model.enumeration import first_lines
from migration_audit.model.image import StartedCommand

_URL_NAME: Final = re.compile(
    r"(?m)^\s*-?\s*((?:[A-Z][A-Z0-9]*_)*(?:DATABASE|DB|PG|POSTGRES(?:QL)?|CONNECTION)_(?:URL|URI|DSN))\s*[:=]"
)
_EXAMPLES: Final = (".env.example", ".env.sample", ".env.template", "env.example", "example.env")
_MOST_COMMANDS: Final = 20
_READ: Final = word_list(
    "package.json pyproject.toml requirements*.txt Pipfile go.mod package-lock.json pnpm-lock.yaml yarn.lock poetry.lock "
    "uv.lock pdm.lock Pipfile.lock go.sum"
)
"""Manifests and lock files that RET006 reads."""
_MENTION: Final = re.compile(r"\bmigrat(?:e|es|ion|ions|or)\b", re.IGNORECASE)
_MOST_DOCUMENTS: Final = 15
Value = str | Sequence[str] | Mapping[str, str]


def write_environments(lines: TomlWriter, listing: Listing) -> list[str]:
    """One environment to fill in: which databases there are, no file says."""
    lines.blank()
    lines.note(
        "One table for each live database; they are only read. dsn_env is the NAME of the variable that holds the URL."
    )
    found = {
        name: path for path in listing.named(*_EXAMPLES, *MAIN, *OTHERS) for name in _URL_NAME.findall(listing.text(path))
    }
    lines.table("environments.stage")
    seen = ", ".join(f"{name} ({path})" for name, path in found.items())
    lines.key("dsn_env", "STAGE_DATABASE_URL", f"FILL IN: {f'seen: {seen}' if seen else 'no file names a variable for it'}")
    return ["[environments] which live databases exist, and which variable contains the URL of each?"]


def write_snapshot(lines: TomlWriter, found: Found, left: list[str]) -> None:
    """The Directus snapshot, where there is exactly one."""
    if not found.snapshots:
        return
    lines.blank()
    several = len(found.snapshots) > 1
    given = lines.offered(several)
    given.table("snapshot")
    for path in found.snapshots:
        given.key("file", path, f"{path} is a snapshot that Directus wrote")
    if several:
        left.append(f"[snapshot] which is the one that the image applies: {', '.join(found.snapshots)}?")


def write_boot(
    lines: TomlWriter,
    found: Found,
    chosen: Composed | None,
    stacks: Sequence[Composed],
    unread: Sequence[str],
    listing: Listing,
) -> list[str]:
    """The Compose file that starts both projects; what else there is stays behind ``#``."""
    post = [f"{glob.escape(candidate.folder)}/*.sql" for candidate in found.roles.post]
    others = listing.named(*OTHERS)
    if not (stacks or unread or post or others):
        return []
    image = _owners_dockerfile(found, listing)
    lines.blank()
    lines.offered(chosen is None and not post and image is None).table("boot")
    left = [f"[boot] {reason}" for reason in unread]
    if chosen is not None:
        _write_stack(lines, chosen)
    else:
        left += _write_stacks(lines, found, stacks, image)
    if post:
        lines.key("post_sql", post, "; ".join(f"{c.why}, after Directus created its tables" for c in found.roles.post))
    for path in others:
        lines.note(f"Also there: {path}")
    if found.boot:
        _write_steps(lines, found)
        left.append("[[boot.step]] which commands of the owner's container are its steps?")
    return left


def _owners_dockerfile(found: Found, listing: Listing) -> str | None:
    """The Dockerfile of the owner's image, where Directus boots in it."""
    owner = found.roles.owner.chosen
    path = dockerfile_of(owner.project) if found.boot and owner is not None else None
    return path if path in listing.paths else None


def _write_stacks(lines: TomlWriter, found: Found, stacks: Sequence[Composed], image: str | None) -> Iterator[str]:
    """The owner's image, and each stack that may be meant, behind ``#``; gives what is left to decide."""
    if image is not None:
        lines.key("dockerfile", image, "the owner's image")
    for stack in stacks:
        lines.offered().key("compose", [stack.path], _about(stack))
    if stacks and found.roles.owner.chosen and found.roles.legacy.chosen:
        yield f"[boot] which services are the owner's and the writer's in {', '.join(s.path for s in stacks)}?"


def _write_stack(lines: TomlWriter, stack: Composed) -> None:
    lines.key("compose", [stack.path], f"{stack.path} builds both projects")
    if len(stack.database) == 1:
        lines.key("database_service", stack.database[0], f"{stack.path}: its image is PostgreSQL's")
    else:
        lines.offered().key("database_service", "postgres", f"{stack.path}: {_either(stack.database)}")
    lines.key("owner_service", stack.owner[0], f"{stack.path}: it is built from the owner's folder")
    lines.key("writer_service", stack.writer[0], f"{stack.path}: it is built from the legacy source's folder")


def _about(stack: Composed) -> str:
    return "; ".join(
        f"{name}: {_either(services)}"
        for name, services in (("database", stack.database), ("owner", stack.owner), ("writer", stack.writer))
    )


def _either(services: Sequence[str]) -> str:
    return " or ".join(services) or "no service"


def _write_steps(lines: TomlWriter, found: Found) -> None:
    lines.note("What the owner's container starts, in order; name its steps as [[boot.step]]:")
    commands = _top_commands(found.boot)
    for line in first_lines([f"{c.at}: {c.text}" for c in commands], most=_MOST_COMMANDS, rest="and {:,} more"):
        lines.note(f"  {line}")


def _top_commands(boot: Sequence[StartedCommand]) -> list[StartedCommand]:
    """The commands of the file that starts Directus, without those of the scripts that they call."""
    paths = [command.at.path for command in boot if is_directus(command)]
    return [command for command in boot if command.at.path in paths[:1]] or list(boot)


def write_rules(lines: TomlWriter, listing: Listing, legacy: Candidate | None) -> None:
    """What the files of the legacy source's project say; its paths must be below audit.toml."""
    lines.blank()
    lines.note("After the retirement: what must be removed. Until then it is the work list.")
    if legacy is None:
        lines.note("There is no legacy source to write rules for yet.")
    else:
        _write_gone(lines, listing, legacy)
    _write_documents(lines, listing)


def _write_gone(lines: TomlWriter, listing: Listing, legacy: Candidate) -> None:
    given = lines.offered(legacy.folder.startswith(".."))
    if given.is_offered:
        lines.note("Paths of rules must be below this file: move it above both projects to use these.")
    if legacy.folder != ".":
        given.rule("RET001", ("absent", [legacy.folder], legacy.why))
    for ledger in ledgers(listing, legacy.project):
        path, at = ledger.at.rpartition(":")[0], f"{ledger.at} makes {ledger.table}"
        lines.offered().rule("RET002", ("absent", [path], at), source="is this file the runner?")
    named = libraries(listing, legacy.project)
    files = [p for p in listing.named(*_READ) if (posixpath.dirname(p) or ".") == legacy.project]
    if named and files:
        packages = ("packages", list(named), ", ".join(named.values()))
        given.rule("RET006", packages, ("in", files, "manifests and lock files of this project"))
    dockerfile = "Dockerfile" if legacy.project == "." else f"{legacy.project}/Dockerfile"
    if dockerfile in listing.paths and legacy.folder != ".":
        carries = ("carries", [posixpath.basename(legacy.folder)], legacy.folder)
        given.rule("RET007", ("image", dockerfile, dockerfile), carries)


def _write_documents(lines: TomlWriter, listing: Listing) -> None:
    found = [at for path in listing.paths if path.endswith((".md", ".mdx", ".rst")) if (at := listing.line(path, _MENTION))]
    if found:
        lines.note("Documents that mention migrations, for rules with says, says_not and entry (DOC001 to DOC006):")
        for line in first_lines([str(at) for at in found], most=_MOST_DOCUMENTS, rest="and {:,} more"):
            lines.note(f"  {line}")


@dataclass
class TomlWriter:
    """The text of a file while it is written."""

    lines: list[str] = field(default_factory=list)
    is_offered: bool = False
    """Whether tables and keys are only offered, behind ``#``."""

    def offered(self, is_offered: bool = True) -> TomlWriter:
        """The same text, in which what is written now is only offered."""
        return TomlWriter(self.lines, is_offered=is_offered)

    def blank(self) -> None:
        """An empty line."""
        self.lines.append("")

    def note(self, text: str) -> None:
        """A comment of its own; what cannot be printed is escaped."""
        self.lines.append(f"# {_printable(text)}".rstrip())

    def table(self, name: str) -> None:
        """``[name]``."""
        self.lines.append(f"{'#' * self.is_offered}[{name}]")

    def rule(self, check: str, *keys: tuple[str, Value, str], source: str = "") -> None:
        """A rule for a check, with its keys and where each comes from."""
        self.table("[rule]")
        for name, value, why in (("check", check, source), *keys):
            self.key(name, value, why)

    def key(self, name: str, value: Value, source: str = "") -> None:
        """``name = value  # source``."""
        comment = f"  # {_printable(source)}" if source else ""
        self.lines.append(f"{'#' * self.is_offered}{name} = {_spelled(value)}{comment}")

    def text(self) -> str:
        """All lines, ended."""
        return "\n".join(self.lines) + "\n"


def _spelled(value: Value) -> str:
    """A value as TOML writes it.

    >>> _spelled('a"b'), _spelled(["x", "y"]), _spelled({"URL": "{url}"})
    ('"a\\\\"b"', '["x", "y"]', '{ URL = "{url}" }')
    """
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {_spelled(text)}" for name, text in value.items()) + " }"
    return "[" + ", ".join(_spelled(each) for each in value) + "]"


def _printable(text: str) -> str:
    """A text on one line of printable characters.

    >>> _printable("a\\nb\\x00")
    'a b\\\\x00'
    """
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in " ".join(text.split()))
