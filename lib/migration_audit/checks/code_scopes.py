"""What the checks on source files share: patterns of names, rules, unread files, words of commands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, TypeVar

from migration_audit.model.code import CodeScope, ManifestScope, Opaque, Unread
from migration_audit.model.enumeration import plural, some_of
from migration_audit.model.finding import CheckOutput, Note, Unavailable
from migration_audit.model.location import Location

if TYPE_CHECKING:
    from migration_audit.project import AuditRule, Project

S = TypeVar("S", bound=CodeScope | ManifestScope)


def no_rule(check: str) -> Unavailable:
    """Why a check is skipped that audit.toml has no rule for."""
    return Unavailable(reason=f'audit.toml has no [[rule]] with check = "{check}"', required=False)


def search(
    check: str, project: Project, facts: Mapping[Location, S], found: Callable[[AuditRule, S], Iterator[CheckOutput]]
) -> Iterator[CheckOutput]:
    """What each rule of a check finds in its files, which of them could not be read, and how many were looked at."""
    rules = project.rules_for(check)
    if not rules:
        yield no_rule(check)
        return
    for rule in rules:
        yield from _unseen(facts[rule.at], rule)
        yield from found(rule, facts[rule.at])
    paths = {file if isinstance(file, str) else file.path for rule in rules for file in facts[rule.at].files}
    yield Note(text=f"looked at {len(paths)} {plural('file', len(paths))}")


def _unseen(scope: CodeScope | ManifestScope, rule: AuditRule) -> Iterator[CheckOutput]:
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


PROGRAMS: Final = frozenset(
    {"node", "tsx", "ts-node", "bun", "deno", "npx", "npm", "pnpm", "yarn", "python", "python3", "uv", "poetry", "sh", "go"}
)
SCRIPT_RUNNERS: Final = frozenset(
    {"npm", "pnpm", "yarn", "bun", "npm-run-all", "run-s", "run-p", "turbo", "nx", "lerna", "pdm", "poe", "hatch"}
)
CONTAINERS: Final = frozenset({"docker", "podman", "nerdctl", "buildah"})
_ASSIGNED: Final = "="
"""In front of a text that a script keeps in a variable."""
_ENDS: Final = frozenset({"&&", "||", ";", "|", "|&", "&", "(", ")", "{", "}", ";;", "then", "do", "else"})
_IN_FRONT: Final = re.compile(r"!|if|elif|while|until|time|\w+=.*")
_ONLY_HANDLES: Final = re.compile(
    r"\[\[?|ack|ag|awk|basename|cat|cd|chgrp|chmod|chown|cp|diff|dirname|dos2unix|echo|egrep|exit|false|fgrep|file|git|grep|head"
    r"|install|ln|ls|mkdir|mount|mv|printf|readlink|realpath|return|rg|rm|rmdir|sed|shellcheck|stat|tail|tee|test|touch|true|umount"
    r"|unlink|wc|which"
)
"""Programs that print, search, move or remove what they are given, and start nothing of it."""
_TAKES_COMMAND: Final = re.compile(r"-[a-z]*c|--command|--exec|-x")
"""An option whose text is a command."""
_TAKES_CODE: Final = re.compile(r"-e|-p|-pe|--eval|--print")
"""An option of a program that runs its text as code."""
_RUNS_CODE: Final = frozenset({"node", "bun", "tsx", "ts-node", "deno", "ruby", "perl"})
_LOADS_FIRST: Final = re.compile(
    r"(NODE_OPTIONS|BUN_OPTIONS|RUBYOPT|PERL5OPT|JAVA_TOOL_OPTIONS|BASH_ENV|ENV)=(.*)", re.DOTALL
)
"""Variables in front of a command that make its program load files before its own."""
_TAKE_COMMANDS: Final = re.compile(
    r"docker|podman|nerdctl|buildah|concurrently|eval|fly|flyctl|heroku|kubectl|nodemon|parallel|screen|ssh|su|sudo|timeout|tmux"
    r"|trap|watch|wsl"
)
"""Programs that hand any text that they are given to a shell."""


def commands_in(words: Sequence[str], is_named: Callable[[str], bool]) -> Iterator[list[str]]:
    """Each command of a line that may start something, with the words of texts that are commands themselves.

    >>> list(commands_in(("echo", "migrate", "&&", "sh", "-c", "npm run migrate"), lambda _: False))
    [['sh', '-c', 'npm', 'run', 'migrate']]
    """
    for one in command_parts(words):
        spelt = _written_out(one, is_named)
        if not only_handles(spelt[0]):
            yield spelt


def only_handles(program: str) -> bool:
    """Whether a program prints, searches, moves or removes what it is given, and starts nothing of it."""
    return bool(_ONLY_HANDLES.fullmatch(base(program)))


def base(word: str) -> str:
    """The program of a path: ``npm`` of ``/usr/bin/npm``."""
    return word.rpartition("/")[2]


def command_parts(words: Sequence[str]) -> Iterator[list[str]]:
    """Each command of a line; a variable that makes a program load files is one of its own."""
    part: list[str] = []
    for word in (*words, ";"):
        if not part and (loads := _LOADS_FIRST.fullmatch(word)) is not None:
            yield [loads[1], *loads[2].split()]
        if word not in _ENDS:
            if part or not _IN_FRONT.fullmatch(word) or word == _ASSIGNED:
                part.append(word)
        elif part:
            yield part
            part = []


def _written_out(words: Sequence[str], is_named: Callable[[str], bool]) -> list[str]:
    takes_all = bool(_TAKE_COMMANDS.fullmatch(base(words[0])))
    made: list[str] = []
    for before, word in zip(("", *words), words, strict=False):
        inner = word.split()
        starts = base(inner[0]) if len(inner) > 1 else ""
        is_command = takes_all or bool(_TAKES_COMMAND.fullmatch(before)) or starts in PROGRAMS | SCRIPT_RUNNERS
        is_command = is_command or (before == _ASSIGNED and is_named(starts))
        if _TAKES_CODE.fullmatch(before) and not _RUNS_CODE.isdisjoint(map(base, words)):
            made += re.split(r"[^\w./@-]+", word)
        else:
            made += inner if len(inner) > 1 and is_command else [word]
    return made
