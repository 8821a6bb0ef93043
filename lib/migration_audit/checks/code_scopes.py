"""What the checks on source files share: patterns of names, the rules of a check, and files that could not be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeVar

from migration_audit.model.code import CodeScope, ManifestScope, Opaque, Unread
from migration_audit.model.enumeration import some_of
from migration_audit.model.finding import CheckOutput, Note, Unavailable
from migration_audit.model.location import Location

if TYPE_CHECKING:
    from migration_audit.project import AuditRule, Project

F = TypeVar("F")


def ruled(check: str, project: Project, facts: Mapping[Location, F]) -> Iterator[tuple[AuditRule, F]]:
    """Each rule that speaks for this check, with what was found for it."""
    return ((rule, facts[rule.at]) for rule in project.rules_for(check))


def no_rule(check: str) -> Unavailable:
    """What a check says that the project does not ask for."""
    return Unavailable(reason=f'audit.toml has no [[rule]] with check = "{check}"', required=False)


def unseen(scope: CodeScope | ManifestScope, rule: AuditRule) -> Iterator[CheckOutput]:
    """What could not be read is not fine; a pattern that matches nothing is reported."""
    yield from unread(scope.unread, rule.at)
    if not scope.files and not scope.unread:
        yield Unavailable(reason=f"{rule.at}: {some_of(rule.files)} matches no file, so nothing was checked")
    if scope.empty:
        yield Note(text=f"no file matches {some_of(scope.empty)}")


def opaque(scope: CodeScope, rule: AuditRule, concerns: Callable[[str], bool]) -> Iterator[CheckOutput]:
    """Parts that could not be read: not fine where their text may be what the rule is about, else reported."""
    parts = [part for file in scope.files for part in file.opaque]
    doubted = [part for part in parts if part.is_all or concerns(part.text)]
    yield from unread((_doubt(part) for part in doubted), rule.at)
    plain: dict[str, list[str]] = {}
    for part in parts:
        if part not in doubted:
            plain.setdefault(part.reason, []).append(str(part.at))
    for reason, places in plain.items():
        each = ": each" if len(places) > 1 else ""
        yield Note(text=f"{some_of(places)}{each} {reason}; the text does not mention the rule's names")


def _doubt(part: Opaque) -> Unread:
    named = "" if part.is_all else ", and its text mentions the rule's names"
    return Unread(path=part.at.path, line=part.at.line, reason=f"{part.reason}{named}")


def unread(each: Iterable[Unread], at: Location) -> Iterator[Unavailable]:
    """One sentence for each reason for which files could not be understood, with the first files and their number."""
    places: dict[str, list[str]] = {}
    for one in each:
        places.setdefault(one.reason, []).append(one.where)
    for reason, shown_all in places.items():
        several = ": each" if len(shown_all) > 1 else ""
        left_out = "the files" if several else "the file"
        yield Unavailable(
            reason=f"{some_of(shown_all)}{several} {reason} "
            f"(by the rule at {at}; correct the rule, or exclude {left_out} with except)"
        )


def looked_at(scopes: Sequence[CodeScope | ManifestScope]) -> Note:
    """How much was looked at."""
    paths = {file if isinstance(file, str) else file.path for scope in scopes for file in scope.files}
    return Note(text=f"looked at {len(paths)} {'file' if len(paths) == 1 else 'files'}")


class FindingKeys:
    """Keys of findings that stay the same when lines move: the second of one kind in one file is ``…:2``."""

    def __init__(self, check: str) -> None:
        """No key was given yet."""
        self._check = check
        self._times: dict[str, int] = {}

    def key(self, path: str, what: str) -> str:
        """A key that no other finding of this run has."""
        stem = f"{self._check}:{path}:{what}"
        self._times[stem] = self._times.get(stem, 0) + 1
        return stem if self._times[stem] == 1 else f"{stem}:{self._times[stem]}"


def fits_one(name: str, patterns: Iterable[str]) -> bool:
    """Whether the whole name fits one of the patterns."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def ends_in_one(path: Sequence[str], patterns: Iterable[str]) -> bool:
    """Whether these names end in those of a pattern, part by part.

    >>> ends_in_one(("db", "goose", "Up"), ["goose.*"]), ends_in_one(("Up",), ["goose.*"])
    (True, False)
    """
    return any(_ends_in(path, pattern.split(".")) for pattern in patterns)


def _ends_in(path: Sequence[str], parts: Sequence[str]) -> bool:
    tail = path[-len(parts) :]
    return len(tail) == len(parts) and all(map(fnmatchcase, tail, parts))


def word_pattern(pattern: str) -> re.Pattern[str]:
    """Finds the name as a whole word in a text, in any case; a wildcard next to a blank is the character itself.

    >>> word_pattern("migrations_*").findall("from migrations_applied, emigrations_x")
    ['migrations_applied']
    """
    parts = re.split(r"((?<=[\w$])[*?]+|[*?]+(?=[\w$]))", pattern)
    spelt = "".join(_any(part) if n % 2 else re.escape(part) for n, part in enumerate(parts))
    return re.compile(rf"(?<![\w$]){spelt}(?![\w$])", re.IGNORECASE)


def _any(wildcards: str) -> str:
    return "".join(r"[\w$]*" if one == "*" else r"[\w$]" for one in wildcards)
