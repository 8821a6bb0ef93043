"""Folders with the SQL of migrations: what the formats recognise, plain files that make tables."""

from __future__ import annotations

import glob
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from migration_audit.detect.candidate import Candidate, Roles, assign_roles
from migration_audit.detect.libraries import library_of
from migration_audit.detect.listing import Listing, is_for_tests, is_within
from migration_audit.detect.runners import commands
from migration_audit.detect.stack import applied_around, boot_commands, directus_projects, snapshots
from migration_audit.formats import ALL, BY_NAME, Format, MigrationFolder
from migration_audit.formats.plain_files import leading_number
from migration_audit.model.errors import SourceError
from migration_audit.model.image import StartedCommand
from migration_audit.sources.trees import whole_tree

_DDL: Final = re.compile(
    r"^\s*(?:create|alter)\s+(?:or\s+replace\s+|unique\s+|temp\w*\s+|unlogged\s+)*"
    r"(?:table|index|type|view|schema|extension|function|materialized|sequence|policy|trigger|role)\b",
    re.IGNORECASE | re.MULTILINE,
)
_OTHER_SQL: Final = re.compile(
    r"\b(?:table|exists|into|index|key)\s*\(?`|\bAUTO_?INCREMENT\b|\bENGINE\s*=|\bNVARCHAR\b|\bIDENTITY\s*\(\s*\d+\s*,"
    r"|\bVARCHAR2\b|\bPRAGMA\b|^\s*GO\s*$",
    re.IGNORECASE | re.MULTILINE,
)
"""Words of databases that are not PostgreSQL."""
_NO_CODE: Final = re.compile(r"/\*.*?\*/|--[^\n]*|'(?:[^']|'')*'", re.DOTALL)
_OTHER_DATABASE: Final = re.compile(
    r"mysql|mariadb|sqlite3?|h2|hsqldb|mssql|sqlserver|oracle|clickhouse|cockroach(?:db)?|cassandra|mongo(?:db)?|spanner"
    r"|db2|duckdb|snowflake|bigquery|redshift|ydb|vertica|tidb|libsql|turso",
    re.IGNORECASE,
)
_OF_MIGRATIONS: Final = re.compile(
    r"migrat|db[-_]?init|init[-_]?db|ddl|schema|evolution|changes|patches|deltas|upgrades?", re.IGNORECASE
)


def sql_places(listing: Listing) -> tuple[list[Candidate], list[str]]:
    """The candidates, and what was seen and not taken, each as a sentence."""
    folders = _Folders(listing)
    known: dict[str, dict[str, str]] = {}
    for form in ALL:
        for folder, why in folders.search(form):
            known.setdefault(folder, {})[form.name] = why
    found: list[Candidate] = []
    seen: list[str] = []
    for folder, formats in sorted(known.items()):
        if reason := _not_taken(listing, folder):
            seen.append(f"{folder} ({', '.join(formats)}): {reason}")
        else:
            found.append(_of_formats(listing, folders, folder, formats))
    recognised = {candidate.project: candidate.folder for candidate in found}
    for folder in folders.with_sql:
        if any(folder == other or is_within(f"{folder}/", other) for other in known):
            continue
        candidate, reason = _plain(listing, folder, recognised)
        found += [_checked(folders, candidate, folder)] if candidate else []
        seen += [f"{folder}: {reason}"] if reason else []
    return found, seen


class _Folders:
    """The folders of a listing that have SQL somewhere below them."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        scripts = [path for path in listing.paths if path.lower().endswith(".sql")]
        self.with_sql = sorted({posixpath.dirname(path) or "." for path in scripts})
        self._children: dict[str, set[str]] = {}
        for folder in self.with_sql:
            while (above := posixpath.dirname(folder) or ".") != folder and folder != ".." and above != "..":
                self._children.setdefault(above, set()).add(folder)
                folder = above  # noqa: PLW2901
        self._tops = sorted({folder for folder in (*self._children, *self.with_sql) if self._is_top(folder)})

    def _is_top(self, folder: str) -> bool:
        return folder == "." or (folder.startswith("../") and folder.count("/") == 1)

    def search(self, form: Format) -> Iterator[tuple[str, str]]:
        """Each folder that the format would be given, and why it looks like it."""
        for top in self._tops:
            for folder, why in self._search(form, top):
                is_part = form.name == "graphile-migrate" and posixpath.basename(folder) == "committed"
                yield (posixpath.dirname(folder) or ".") if is_part else folder, why  # next to it is what is not committed

    def _search(self, form: Format, folder: str) -> list[tuple[str, str]]:
        """The folder itself where its own files say so, else those below it, else the folder as a whole."""
        tree = self.tree(folder)
        if why := _recognised(form, replace(tree, paths=tree.below(""))):
            return [(folder, why)]
        children = sorted(self._children.get(folder, ()))
        below = [found for child in children for found in self._search(form, child)]
        if len(below) > 1 and folder != "." and all(posixpath.dirname(each) == folder for each, _ in below):
            whole = _recognised(form, tree)  # one history in a folder for each year, or a database each
            return [(folder, whole)] if whole and _is_one_history(form, tree) else below
        if below:
            return below
        whole = _recognised(form, tree)
        return [(folder, whole)] if whole else []

    def tree(self, folder: str) -> MigrationFolder:
        """The folder as formats read it."""
        start = "" if folder == "." else f"{folder}/"
        paths = [path[len(start) :] for path in self._listing.within(folder)]
        return whole_tree(self._listing.base / folder, paths, self._listing.base)


def _recognised(form: Format, tree: MigrationFolder) -> str | None:
    try:
        return form.recognise(tree)
    except SourceError:
        return None


def _is_one_history(form: Format, tree: MigrationFolder) -> bool:
    try:
        return not form.plan([tree], {}).duplicates
    except SourceError:
        return False


def _not_taken(listing: Listing, folder: str) -> str | None:
    parts = folder.removeprefix("../").split("/")
    if is_for_tests(f"{folder}/x"):
        return "it is for tests, examples or data"
    if other := next((part for part in parts if _OTHER_DATABASE.fullmatch(part)), None):
        return f"{other} is not PostgreSQL"
    scripts = [path for path in listing.within(folder) if path.lower().endswith(".sql")]
    if other := next((at for path in scripts if (at := _line(listing, path, _OTHER_SQL))), None):
        return f"{other} is not PostgreSQL's SQL"
    return None


def _line(listing: Listing, path: str, pattern: re.Pattern[str]) -> str | None:
    """``path:line`` of the first match that is in no comment and no string."""
    code = _NO_CODE.sub(lambda match: "\n" * match[0].count("\n"), listing.text(path))
    match = pattern.search(code)
    if match is None:
        return None
    start = match.start() + len(match[0]) - len(match[0].lstrip())
    return f"{path}:{code.count(chr(10), 0, start) + 1}"


def _of_formats(listing: Listing, folders: _Folders, folder: str, formats: Mapping[str, str]) -> Candidate:
    """A place that one format recognises, or several: then the library that the project names decides."""
    project = listing.project_of(f"{folder}/x")
    names, why = tuple(formats), "; ".join(formats.values())
    if len(names) > 1:
        libraries = {name: at for name in names if (at := library_of(listing, project, name))}
        if len(libraries) == 1:
            ((name, at),) = libraries.items()
            names, why = (name,), f"{formats[name]}; {at}"
    candidate = Candidate(
        folder=folder,
        project=project,
        why=_located(why, folder),
        sql=(glob.escape(folder),),
        format=names[0] if len(names) == 1 else None,
        formats=names if len(names) > 1 else (),
    )
    if len(names) > 1:
        return replace(candidate, doubts=(f"{folder} looks like {' and like '.join(names)}: which runner is it?",))
    return _checked(folders, candidate, folder)


def _located(why: str, folder: str) -> str:
    return why if folder == "." or folder in why else f"{folder}: {why}"


def _plain(listing: Listing, folder: str, recognised: Mapping[str, str]) -> tuple[Candidate | None, str | None]:
    """Plain files that make tables, in a folder whose name or numbers say that they are applied in an order.

    ``recognised`` is the place of each project that has migrations of a format: a schema next to them is not another source.
    """
    scripts = [p for p in listing.within(folder) if posixpath.dirname(p) == (folder if folder != "." else "")]
    scripts = [path for path in scripts if path.lower().endswith(".sql")]
    first = next((at for path in scripts if (at := _line(listing, path, _DDL))), None)
    if first is None:
        return None, None
    if reason := _not_taken(listing, folder):
        return None, f"{first} creates objects, but {reason}"
    numbered = [path for path in scripts if leading_number(posixpath.basename(path)) is not None]
    if len(numbered) < 2 and not _OF_MIGRATIONS.search(posixpath.basename(folder)):
        return None, f"{first} creates objects, but nothing indicates that these files are migrations"
    project = listing.project_of(f"{folder}/x")
    if not numbered and project in recognised:
        return None, f"{first} creates objects, but the migrations of this project are in {recognised[project]}"
    pattern = f"{glob.escape(folder)}/*.sql" if folder != "." else "*.sql"
    return Candidate(
        folder=folder,
        project=project,
        why=f"{first} creates objects; {len(scripts)} file{'s' * (len(scripts) != 1)} in the order of their names",
        sql=(pattern,),
    ), None


def _checked(folders: _Folders, candidate: Candidate, folder: str) -> Candidate:
    """The candidate with what its format says of its files, where it does not read them."""
    tree = folders.tree(folder)
    form = BY_NAME[candidate.format or "files"]
    if candidate.format is None:
        tree = replace(tree, paths=tree.below(""))
    try:
        plan = form.plan([tree], {})
    except SourceError as error:
        return replace(candidate, doubts=(f"{form.name} cannot read it: {error.where}: {error.what}",))
    twice = [f"{version}: {' and '.join(paths)}" for version, paths in plan.duplicates]
    return replace(candidate, doubts=tuple(f"whose order is not fixed: {one}" for one in twice[:3]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a folder and the projects next to it hold."""

    roles: Roles
    seen: tuple[str, ...]
    """SQL that was not taken, each with the reason."""
    snapshots: tuple[str, ...]
    boot: tuple[StartedCommand, ...] = ()
    """What a container of the Directus project starts."""


def find(listing: Listing) -> Found:
    """Sources, their roles, and what belongs to a Directus."""
    called = commands(listing)
    taken = frozenset[str]().union(*(each.taken for each in called))
    places, seen = sql_places(listing)
    candidates = [*called, *(place for place in places if not _is_taken(listing, place, taken))]
    directus = directus_projects(listing)
    boot = tuple(command for project in directus for command in boot_commands(listing, project))
    around = applied_around(boot, [c for c in candidates if c.project in directus])
    folders = {posixpath.dirname(path) for path in taken}
    return Found(
        roles=assign_roles(candidates, directus, around),
        seen=tuple(one for one in seen if one.partition(": ")[0] not in folders),
        snapshots=tuple(snapshots(listing)),
        boot=boot,
    )


def _is_taken(listing: Listing, place: Candidate, taken: frozenset[str]) -> bool:
    """Whether plain files are those that a command applies."""
    return place.format is None and not place.formats and bool(taken.intersection(listing.within(place.folder)))
