"""The words of a command line that may start a program: without what only prints, searches or moves files. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final

PROGRAMS: Final = frozenset(
    {"node", "tsx", "ts-node", "bun", "deno", "npx", "npm", "pnpm", "yarn", "python", "python3", "uv", "poetry", "sh", "go"}
)
SCRIPT_RUNNERS: Final = frozenset(
    {"npm", "pnpm", "yarn", "bun", "npm-run-all", "run-s", "run-p", "turbo", "nx", "lerna", "pdm", "poe", "hatch"}
)
CONTAINERS: Final = frozenset({"docker", "podman", "nerdctl", "buildah"})
ASSIGNED: Final = "="
"""In front of a text that a script keeps in a variable."""
_ENDS: Final = frozenset({"&&", "||", ";", "|", "|&", "&", "(", ")", "{", "}", ";;", "then", "do", "else"})
_IN_FRONT: Final = re.compile(r"!|if|elif|while|until|time|\w+=.*")
_ONLY_HANDLES: Final = re.compile(
    r"\[\[?|ack|ag|awk|cat|cd|chmod|chown|cp|diff|echo|egrep|exit|false|fgrep|git|grep|head|ls|mkdir|mv|printf|return|rg|rm|rmdir|sed"
    r"|stat|tail|test|touch|true|wc"
)
"""Programs that print, search, move or remove what they are given, and start nothing of it."""
_TAKES_COMMAND: Final = re.compile(r"-[a-z]*c|--command|--exec|-x")
"""An option whose text is a command."""
_TAKES_CODE: Final = re.compile(r"-e|-p|-pe|--eval|--print")
"""An option of a program that runs its text as code."""
_RUNS_CODE: Final = frozenset({"node", "bun", "tsx", "ts-node", "deno", "ruby", "perl"})
_LOADS_FIRST: Final = re.compile(r"(NODE_OPTIONS|BUN_OPTIONS|RUBYOPT|PERL5OPT|JAVA_TOOL_OPTIONS|BASH_ENV)=(.*)", re.DOTALL)
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
    for one in _parts(words):
        spelt = _written_out(one, is_named)
        if not only_handles(spelt[0]):
            yield spelt


def only_handles(program: str) -> bool:
    """Whether a program prints, searches, moves or removes what it is given, and starts nothing of it."""
    return bool(_ONLY_HANDLES.fullmatch(base(program)))


def base(word: str) -> str:
    """The program of a path: ``npm`` of ``/usr/bin/npm``."""
    return word.rpartition("/")[2]


def _parts(words: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for word in (*words, ";"):
        if not part and (loads := _LOADS_FIRST.fullmatch(word)) is not None:
            yield [loads[1], *loads[2].split()]
        if word not in _ENDS:
            if part or not _IN_FRONT.fullmatch(word) or word == ASSIGNED:
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
        is_command = is_command or (before == ASSIGNED and is_named(starts))
        if _TAKES_CODE.fullmatch(before) and not _RUNS_CODE.isdisjoint(map(base, words)):
            made += re.split(r"[^\w./@-]+", word)
        else:
            made += inner if len(inner) > 1 and is_command else [word]
    return made
