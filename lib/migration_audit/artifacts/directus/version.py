"""Which release of Directus an image runs: the tag of its FROM, else package.json and the lock file next to it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from migration_audit.model.directus import DirectusVersion, TargetVersion
from migration_audit.project.boundary import boundary_of

_IMAGE = re.compile(r"(?:[\w.:-]+/)*directus/directus(?::(?P<tag>[\w.-]+))?(?:@sha256:[0-9a-f]+)?\Z")


def version_of_image(base: str, *, where: str | None) -> TargetVersion | None:
    """What the image that a Dockerfile starts from says; None where it is not an image of Directus.

    >>> str(version_of_image("directus/directus:11.17.4", where=None).version)
    '11.17.4'
    """
    match = _IMAGE.match(base)
    if match is None:
        return None
    version = DirectusVersion.parse(match["tag"] or "")
    tag = match["tag"] or "latest"
    why = "a digest does not name a version" if "@" in base and not match["tag"] else f"the tag {tag} moves"
    reason = None if version else f"FROM {base} does not name an exact release: {why}"
    return TargetVersion(version=version, named=f"FROM {base}", where=where, reason=reason)


def version_of_package(folder: Path, *, shown: str) -> TargetVersion:
    """What package.json and the lock file in ``folder`` say of the dependency ``directus``."""
    try:
        wanted = _wanted(folder / "package.json")
    except (OSError, ValueError) as error:
        why = f"{shown}/package.json cannot be read ({type(error).__name__})"
        return TargetVersion(version=None, named=f"{shown}/package.json", reason=why)
    if wanted is None:
        why = f"{shown}/package.json does not depend on directus"
        return TargetVersion(version=None, named=f"{shown}/package.json", reason=why)
    for name, read in (("package-lock.json", _npm), ("pnpm-lock.yaml", _pnpm), ("yarn.lock", _yarn)):
        try:
            locked = read(folder / name)
        except (OSError, ValueError, yaml.YAMLError):
            continue
        if locked and (version := DirectusVersion.parse(locked)):
            return TargetVersion(version=version, named=f"{shown}/{name}", where=f"{shown}/{name}:1")
    version = DirectusVersion.parse(wanted)
    reason = None if version else f"{shown}/package.json requires directus {wanted}, and no lock file pins the release"
    return TargetVersion(version=version, named=f"{shown}/package.json", where=f"{shown}/package.json:1", reason=reason)


def _text(path: Path) -> str:
    if boundary_of(path.parent).target_outside(path) is not None:
        raise ValueError("a link that leads out of its repository")
    return path.read_text("utf-8")


def _wanted(path: Path) -> str | None:
    body = json.loads(_text(path))
    if not isinstance(body, dict):
        raise ValueError("not an object")  # noqa: TRY004  what it is does not matter: it is not a package.json
    for part in ("dependencies", "devDependencies", "optionalDependencies"):
        found = body.get(part)
        if isinstance(found, dict) and isinstance(found.get("directus"), str):
            return str(found["directus"])
    return None


def _npm(path: Path) -> str | None:
    body = json.loads(_text(path))
    for part, name in (("packages", "node_modules/directus"), ("dependencies", "directus")):
        entry = _entry(body, part, name)
        if entry.get("version"):
            return str(entry["version"])
    return None


def _pnpm(path: Path) -> str | None:
    body = yaml.safe_load(_text(path))
    for root in (_entry(body, "importers", "."), body):
        entry = _entry(root, "dependencies", "directus")
        found = entry.get("version")
        if found:
            return str(found).partition("(")[0]  # peers follow in brackets
    return None


def _yarn(path: Path) -> str | None:
    match = re.search(r'^"?directus@[^\n]*:\n\s+version:? "?([^"\s]+)"?', _text(path), re.MULTILINE)
    return match[1] if match else None


def _entry(body: Any, *names: str) -> dict[str, Any]:
    for name in names:
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, dict) else {}
