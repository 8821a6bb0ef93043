"""Which files in addition to the SQL sources the checks look at, each with its digest: what a signature is about."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Final

from migration_audit.artifacts.files import find_files
from migration_audit.artifacts.paths import named_paths
from migration_audit.artifacts.text import folders_above
from migration_audit.audit.inputs.boot import boot_inputs
from migration_audit.model.command import Digests
from migration_audit.model.location import Location
from migration_audit.project import BootSettings, Project, Verb
from migration_audit.project.boundary import boundary_of
from migration_audit.project.locate import shown_path
from migration_audit.sources import command_files, sql_files
from migration_audit.sources.reading import paths_of_glob

_SECRET: Final = re.compile(r"\.env.*|.*\.env", re.IGNORECASE)
"""Files of variables: the digest of a short secret can be reversed by trying."""
_VERSIONS: Final = ("package.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock")
"""Next to the owner's Dockerfile: where the release of Directus is looked for."""
_ALIASES: Final = ("tsconfig.json", "jsconfig.json", "tsconfig.base.json", "package.json")
"""Next to and above source files: what they call each other."""


def artifact_digests(project: Project, boot: Mapping[str, Any] | None = None) -> Digests:
    """The digest of every file that the checks beyond the SQL sources read: what ``[boot]``, ``[snapshot]``, ``[rehearsal]``
    and the ``[[rule]]`` name, and what those files lead to (included Compose files, followed scripts).

    SQL sources and audit.toml have digests of their own. ``boot`` is what ``boot_inputs`` gave, where it is at hand. Files
    of variables (``.env``) are left out, and so are the reports of commands (``report_digests``). What cannot be read is not
    there; the checks tell about it. Raises nothing.
    """
    facts = boot_inputs(project) if boot is None else boot
    named = {*_of_boot(project), *_of_rules(project), *_mentioned(facts), *executed_files(project)}
    elsewhere = {shown_path(project.path, project.directory), *_of_sources(project)}
    return _digests(project.directory, (n for n in named - elsewhere if not _SECRET.fullmatch(Path(n).name)))


def executed_files(project: Project) -> frozenset[str]:
    """Files that decide what is in a database, in addition to the sources: SQL around them, and the snapshot of Directus."""
    post_sql = project.boot.post_sql if project.boot is not None else ()
    snapshot = [shown_path(project.snapshot.file, project.directory)] if project.snapshot is not None else []
    return frozenset((*_globs(project, (*post_sql, *_grants(project), *project.prelude)), *snapshot))


def report_digests(project: Project) -> Digests:
    """The JUnit reports of commands: a run of the tests writes them, so they cannot be made again from the tree."""
    return _digests(project.directory, {rule.junit for rule in project.retirement if rule.junit is not None})


def _digests(folder: Path, names: Iterable[str]) -> Digests:
    here = os.path.normpath(folder.absolute())
    found: dict[str, str] = {}
    for name in names:
        path = Path(os.path.normpath(folder.absolute() / name))
        try:
            if boundary_of(folder, path).target_outside(path) is not None:
                continue
            content = path.read_bytes()
        except (OSError, ValueError):
            continue
        found[Path(os.path.relpath(path, here)).as_posix()] = hashlib.sha256(content).hexdigest()
    return tuple(sorted(found.items()))


def _of_boot(project: Project) -> Iterator[str]:
    boot = project.boot
    dockerfiles = [project.directory / rule.what[0] for rule in project.retirement if rule.verb is Verb.IMAGE]
    contexts = [project.directory / rule.context for rule in project.retirement if rule.context is not None]
    if boot is not None:
        dockerfiles += _given(boot)
        contexts += [boot.context] if boot.context else []
        paths = [*boot.compose, *boot.dev_compose, *(d.parent / name for d in _given(boot) for name in _VERSIONS)]
        yield from (shown_path(path, project.directory) for path in paths)
    ignored = [folder / ".dockerignore" for folder in (*contexts, *(d.parent for d in dockerfiles))]
    ignored += [d.with_name(f"{d.name}.dockerignore") for d in dockerfiles]
    yield from (shown_path(path, project.directory) for path in (*dockerfiles, *ignored))


def _of_sources(project: Project) -> Iterator[str]:
    """Files of the SQL sources: the evidence has them in their own list."""
    for source in (project.legacy, project.owner):
        files = sql_files(source.root, source.sql)
        files += command_files(source.root, source.command.files) if source.command is not None else []
        files += [source.snapshot] if source.snapshot is not None else []
        yield from (shown_path(path, project.directory) for path in files)


def _given(boot: BootSettings) -> list[Path]:
    return [boot.dockerfile] if boot.dockerfile is not None else []


def _grants(project: Project) -> Sequence[str]:
    return project.rehearsal.grants if project.rehearsal is not None else ()


def _of_rules(project: Project) -> Iterator[str]:
    for rule in project.retirement:
        found = set(find_files(project.directory, (*rule.files, *rule.loaded_by), rule.excluded).paths)
        yield from found
        if rule.verb in {Verb.CALLS, Verb.MENTIONS, Verb.DDL, Verb.FIXTURE}:
            yield from _aliases(found)
        if rule.verb in {Verb.ABSENT, Verb.PRESENT, Verb.FIXTURE}:
            for path in (each for given in rule.what for each in named_paths(project.directory, given)):
                yield from find_files(project.directory, [path]).paths


def _aliases(paths: Iterable[str]) -> Iterator[str]:
    folders = {folder for path in paths for folder in folders_above(path)}
    yield from (posixpath.join(folder, name) for folder in folders for name in _ALIASES)


def _globs(project: Project, globs: Sequence[str]) -> Iterator[str]:
    for pattern in globs:
        try:
            found = [path for path in paths_of_glob(project.directory, pattern) if path.is_file()]
            yield from (shown_path(path, project.directory) for path in found)
        except ValueError:  # the check that needs it reports why
            continue


def _mentioned(fact: object) -> Iterator[str]:
    """Every file that a fact points into with a line."""
    if isinstance(fact, Location):
        yield fact.path
    elif isinstance(fact, Mapping):
        for part in (*fact, *fact.values()):
            yield from _mentioned(part)
    elif isinstance(fact, list | tuple | set | frozenset):
        for part in fact:
            yield from _mentioned(part)
    elif is_dataclass(fact):
        for field in fields(fact):
            yield from _mentioned(getattr(fact, field.name))
