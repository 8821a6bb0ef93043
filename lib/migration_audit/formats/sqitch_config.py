"""``sqitch.conf``: where the plan and the scripts are, and the variables that psql is called with.

The file is written as Git's configuration is. What is in the user's or the system's own configuration is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from migration_audit.formats.interface import MigrationFolder
from migration_audit.model.errors import SourceError

NAME = "sqitch.conf"
_HIGHEST = 4
_SECTION = re.compile(r'\[\s*([\w.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]\s*')
_PAIR = re.compile(r"([A-Za-z][\w-]*)\s*(?:=\s*(.*))?", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "b": "\b"}
_LIKE_POSTGRES = frozenset({"pg"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Paths are relative to the folder."""

    plan: str = "sqitch.plan"
    deploy: str = "deploy"
    reworked_deploy: str = "deploy"
    others: tuple[str, ...] = ("revert", "verify")
    """The folders of revert and verify scripts."""
    extension: str = "sql"
    variables: Mapping[str, str] = field(default_factory=lambda: {"registry": "sqitch"})
    notes: tuple[str, ...] = ()


def read_config(tree: MigrationFolder) -> Config:
    """The settings for PostgreSQL. Raises SourceError for another engine, and where the file is not the folder's own."""
    content = tree.read(NAME) if NAME in tree.paths else tree.other(NAME)
    if content is None:
        _refuse_above(tree)
        return Config()
    shown = tree.shown_path(NAME)
    sections = _parse(content.decode("utf-8-sig", errors="replace"), shown)
    core = sections.get("core", {})
    engine = core.get("engine", "pg").strip()
    if engine not in _LIKE_POSTGRES:
        raise SourceError(f"the engine is {engine}", where=f"{shown}:1", todo="name the folder of a project for pg")
    target = core.get("target") or sections.get("engine.pg", {}).get("target") or "db:pg:"
    layers = (sections.get(f"target.{target}", {}), sections.get("engine.pg", {}), core)

    def value(key: str) -> str | None:
        return next((layer[key] for layer in layers if layer.get(key)), None)

    top = value("top_dir") or "."
    reworked = value("reworked_dir") or top
    sets = ("core.variables", "deploy.variables", "engine.pg.variables", f"target.{target}.variables")
    variables = {name: text for each in sets for name, text in sections.get(f"{each}!", {}).items()}
    verifies = sections.get("deploy", {}).get("verify", "false").lower() in {"true", "yes", "on", "1"}
    return Config(
        plan=_path(value("plan_file") or f"{top}/sqitch.plan"),
        deploy=_path(value("deploy_dir") or f"{top}/deploy"),
        reworked_deploy=_path(value("reworked_deploy_dir") or f"{reworked}/deploy"),
        others=tuple(_path(value(f"{kind}_dir") or f"{top}/{kind}") for kind in ("revert", "verify")),
        extension=value("extension") or "sql",
        variables={"registry": value("registry") or "sqitch", **variables},
        notes=("verify scripts run after each change (deploy.verify): they are not applied here",) if verifies else (),
    )


def _refuse_above(tree: MigrationFolder) -> None:
    for up in range(1, _HIGHEST):
        if tree.other("../" * up + NAME) is not None:
            what = f"{NAME} is in a parent folder, and its paths are relative to that folder"
            raise SourceError(what, where=tree.shown or ".", todo=f"name the folder that contains {NAME}")


def _path(text: str) -> str:
    """A path below the folder, without dots.

    >>> _path("./db//deploy/"), _path("deploy")
    ('db/deploy', 'deploy')
    """
    parts: list[str] = []
    for part in text.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _parse(text: str, shown: str) -> dict[str, dict[str, str]]:
    """Values by section (``engine.pg``) and key in small letters; ``section!`` has the keys as they are written."""
    found: dict[str, dict[str, str]] = {}
    section = ""
    lines = enumerate(text.splitlines(), 1)
    for number, raw in lines:
        line = raw.strip()
        match = _SECTION.match(line)
        if match is not None:
            section = match[1].lower() + (f".{match[2]}" if match[2] is not None else "")
            line = line[match.end() :]
        if not line or line[0] in "#;":
            continue
        while line.endswith("\\"):
            line = line[:-1] + next(lines, (0, ""))[1].rstrip()
        pair = _PAIR.fullmatch(line)
        if pair is None or not section:
            raise SourceError("not a setting", where=f"{shown}:{number}", todo="correct the file: Sqitch rejects it too")
        value = "true" if pair[2] is None else _unquoted(pair[2])
        found.setdefault(section, {})[pair[1].lower()] = value
        found.setdefault(f"{section}!", {})[pair[1]] = value
    return found


def _unquoted(text: str) -> str:
    """Without quotes, comments and escapes."""
    out: list[str] = []
    quoted, at = False, 0
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            at += 1
            out.append(_ESCAPES.get(text[at], text[at]))
        elif char == '"':
            quoted = not quoted
        elif char in "#;" and not quoted:
            break
        else:
            out.append(char)
        at += 1
    return "".join(out).strip() if not text.strip().startswith('"') else "".join(out).rstrip()
