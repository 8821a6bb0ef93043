"""What a command does to a path: whether it makes it, takes it away, or may do either.

Only programs that POSIX describes, and package managers, are known; any other one may write where it likes.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

from migration_audit.artifacts.shell.path_state import FOLDER, NOTHING, PathKind, PathState, unknown
from migration_audit.artifacts.shell.words import Word
from migration_audit.artifacts.shell.wrappers import CallKind, StartedProgram, classify
from migration_audit.model.location import Location
from migration_audit.model.unset import readable

_LOOKS_ONLY: Final = re.compile(
    r"\[|:|awk|basename|cat|cd|chgrp|chown|cmp|command|curl|cut|date|df|diff|dig|dirname|du|echo|egrep|env|export|expr|false|file"
    r"|find|getent|grep|head|hostname|id|jq|kill|ls|nc|netstat|nproc|nslookup|pg_isready|ping|pkill|printenv|printf|ps|psql|pwd"
    r"|read|readlink|realpath|redis-cli|seq|sha256sum|sleep|stat|tail|test|timeout|tr|true|type|umask|uname|uniq|wait|wc|wget"
    r"|which|whoami"
)
"""Programs that change no file, unless an option says so."""
_WRITING_OPTIONS: Final = {
    "curl": re.compile(r"-\w*[oO]\b.*|--output.*|--remote.*"),
    "find": re.compile(r"-(?:delete|exec|execdir|ok|okdir|fls|fprintf?0?)"),
}
_REMOVES: Final = re.compile(r"(?:\S*/)?(?:rm|rmdir|unlink|mv|shred)|-delete|--delete\S*|--remove-files|git .*\bclean .*")
"""Words by which a program takes away files: ``find -delete``, ``xargs rm``, ``git clean``, ``rsync --delete``."""
_MANAGERS: Final = re.compile(
    r"addgroup|adduser|apk|apt|apt-get|bundle|cargo|composer|corepack|dnf|dpkg|gem|go|groupadd|microdnf|npm|npx|pip|pip3|pipx|pnpm"
    r"|poetry|rpm|update-ca-certificates|useradd|usermod|uv|yarn|yum|zypper"
)
"""Programs that write below the system's own folders and where they are started."""
SYSTEM: Final = re.compile(
    r"bin|boot|dev|etc|home|lib|lib32|lib64|libx32|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var"
)
"""The folders at the root that every system may have.

Source: https://refspecs.linuxfoundation.org/FHS_3.0/fhs/index.html
"""

Maker = Callable[[str, list[str], list[str], PathState], "PathState | None"]
"""From the path that is asked for, the command's paths and options, and what was there, to what is there then."""


@dataclass(frozen=True, kw_only=True)
class PathChange:
    """One command that was started, as far as it may change files."""

    words: tuple[Word, ...]
    folder: str | None
    at: Location
    is_certain: bool
    """Whether it certainly ran."""
    ends_all: bool = False
    """Whether what comes later runs only where it succeeded."""
    is_build: bool = False
    """RUN: an unknown program then writes where it is started, or at a path that it is given."""

    @classmethod
    def unread(cls, what: str, at: Location) -> PathChange:
        """Something that could not be followed: it may do anything."""
        return cls(words=(Word(what, known=False),), folder=None, at=at, is_certain=True)

    @cached_property
    def program(self) -> StartedProgram | None:
        """The program that it starts; None where that is unknown, or where a shell reads on."""
        call = classify(self.words)
        return call if call is not None and call.kind is CallKind.PROGRAM and call.target.known else None

    @cached_property
    def name(self) -> str:
        """The program's name without its folder; empty where it is unknown."""
        return posixpath.basename(self.program.target.text) if self.program is not None else ""

    @cached_property
    def operands(self) -> tuple[list[str], list[str]] | None:
        """The options, and all other words as paths in full; None where a word or the folder is unknown."""
        given = self.program.arguments if self.program is not None else ()
        if self.folder is None or not all(word.known for word in given):
            return None
        options = [word.text for word in given if word.text.startswith("-")]
        return options, [full_path(word.text, self.folder) for word in given if not word.text.startswith("-")]

    @property
    def only_looks(self) -> bool:
        """Whether it certainly changes no file."""
        if self.program is None or not _LOOKS_ONLY.fullmatch(self.name):
            return False
        return not _writes(self.name, self.program.arguments)

    @cached_property
    def may_remove(self) -> bool:
        """Whether a word says that it takes away files."""
        return any(map(_REMOVES.fullmatch, (self.text, *(word.text for word in self.words))))

    @cached_property
    def text(self) -> str:
        """The words on one line."""
        return readable(" ".join(word.text for word in self.words))


def standing_after(changes: Sequence[PathChange], path: str, before: PathState) -> PathState:
    """What is at ``path`` after these commands, in order, where ``before`` was there first."""
    here = before
    for change in changes:
        made = _made(change, path, here)
        if made is None or made == here:
            continue
        if made.kind is PathKind.UNKNOWN or not change.is_certain:
            absent = "nothing creates it earlier, and " if here.kind is PathKind.NOTHING else ""
            made = unknown(f"{absent}`{change.text}` at {change.at} may have {'written' if absent else 'changed'} it")
        here = made
    return here


def _made(change: PathChange, path: str, here: PathState) -> PathState | None:
    """What the command leaves at ``path``; None where it does not touch it."""
    call = change.program
    if call is None:
        return _by_unknown(change, path, here)
    name = change.name
    if name == "chmod":
        return _chmod(change, call.arguments, path, here)
    if name in _MAKERS:
        return _by_maker(_MAKERS[name], change, path, here)
    is_elsewhere = (change.folder == "/" or not _is_near(change, path)) and not SYSTEM.fullmatch(path.split("/")[1])
    return None if _MANAGERS.fullmatch(name) and is_elsewhere else _by_unknown(change, path, here)


def _by_maker(maker: Maker, change: PathChange, path: str, here: PathState) -> PathState | None:
    """What a program that is known leaves; a word that cannot be known may be any path."""
    is_idle = (maker is _remove and here.kind is PathKind.NOTHING) or (
        maker in (_mkdir, _touch, _write, _copy) and here.kind in (PathKind.FILE, PathKind.FOLDER)
    )
    if change.operands is None:
        return None if is_idle else unknown("")
    options, paths = change.operands
    if any(re.search(r"[*?\[]", each) for each in paths):
        return unknown("") if not is_idle and any(_may_touch(each, path) for each in paths) else None
    made = maker(path, paths, options, here)
    is_sure = change.ends_all or (maker is _remove and any(re.fullmatch(r"-\w*f\w*", option) for option in options))
    return made if made is None or is_sure or made.kind is here.kind else unknown("")


def full_path(path: str, folder: str) -> str:
    """In full; with ``/`` at its end where it has one."""
    return posixpath.normpath(posixpath.join(folder, path)).rstrip("/") + ("/" if path.endswith("/") else "")


def _writes(name: str, arguments: Sequence[Word]) -> bool:
    """Whether a program that looks only is asked to write."""
    if name == "wget":
        return all(word.text != "--spider" for word in arguments)
    option = _WRITING_OPTIONS.get(name)
    return option is not None and any(option.fullmatch(word.text) for word in arguments)


def _by_unknown(change: PathChange, path: str, here: PathState) -> PathState | None:
    """A program that is not known may write a file; that it takes one away which is there is not assumed."""
    if here.kind is not PathKind.NOTHING:
        return unknown("") if change.may_remove else None
    name = posixpath.basename(path)
    is_given = any(name in word.text or path.startswith(word.text.rstrip("/") + "/") for word in change.words)
    return unknown("") if not change.is_build or is_given or _is_near(change, path) else None


def _is_near(change: PathChange, path: str) -> bool:
    return change.folder is None or below(path, change.folder) is not None


def _mkdir(path: str, paths: list[str], _: list[str], here: PathState) -> PathState | None:
    if here.kind is PathKind.FILE:
        return None
    return FOLDER if any(below(each.rstrip("/"), path) is not None for each in paths) else None


def _touch(path: str, paths: list[str], _: list[str], here: PathState) -> PathState | None:
    if path in paths:
        return here if here.kind in (PathKind.FILE, PathKind.FOLDER) else PathState(kind=PathKind.FILE)
    return None


def _write(path: str, paths: list[str], _: list[str], __: PathState) -> PathState | None:
    return PathState(kind=PathKind.FILE) if path in paths else None


def _remove(path: str, paths: list[str], options: list[str], here: PathState) -> PathState | None:
    if not any(below(path, each.rstrip("/")) is not None for each in paths):
        return None
    takes_folders = any(re.fullmatch(r"-\w*[rRd]\w*|--recursive", option) for option in options)
    return NOTHING if takes_folders or (path in paths and here.kind is PathKind.FILE) else unknown("")


def _copy(path: str, paths: list[str], options: list[str], here: PathState) -> PathState | None:
    if len(paths) < 2 or any(option.startswith(("-t", "--", "-d")) for option in options):
        return unknown("") if any(_may_touch(each, path) for each in paths) else None
    target = paths[-1].rstrip("/")
    is_folder = paths[-1].endswith("/") or len(paths) > 2
    named = [posixpath.join(target, posixpath.basename(source.rstrip("/"))) for source in paths[:-1]]
    if path == target:
        return FOLDER if is_folder or here.kind is PathKind.FOLDER else PathState(kind=PathKind.SOMETHING)
    if below(path, target) is None:
        return None
    if path in named and is_folder:
        return PathState(kind=PathKind.SOMETHING)
    return None if here.kind is PathKind.FILE and path not in named else unknown("")


def _move(path: str, paths: list[str], options: list[str], here: PathState) -> PathState | None:
    if any(below(path, source.rstrip("/")) is not None for source in paths[:-1]):
        return NOTHING
    return _copy(path, paths, options, here)


def _link(path: str, paths: list[str], options: list[str], here: PathState) -> PathState | None:
    """What a link leads to may come and go without it."""
    return unknown("") if _copy(path, paths, options, here) is not None else None


def _chmod(change: PathChange, arguments: Sequence[Word], path: str, here: PathState) -> PathState | None:
    """The mode is the one that is given to the file itself; what else a chmod may mean is left open."""
    plain = [word for word in arguments if not re.fullmatch(r"-[A-Zcfv]+|--\w+", word.text)]
    if here.kind is not PathKind.FILE or not plain:
        return None
    mode: int | None = None
    if all(word.known for word in arguments) and change.folder is not None:
        full = [full_path(word.text, change.folder) for word in plain[1:]]
        if not any(_may_touch(each, path) for each in full):
            return None
        if path in full and change.ends_all:
            mode = _mode(plain[0].text, here.mode)
    return replace(here, mode=mode)


def _mode(given: str, before: int | None) -> int | None:
    """The mode after ``755`` or ``+x``; None for what is less plain."""
    if re.fullmatch(r"0?[0-7]{3}", given):
        return int(given, 8)
    return before | 0o111 if before is not None and re.fullmatch(r"a?\+r?x", given) else None


_MAKERS: Final[dict[str, Maker]] = {
    "mkdir": _mkdir,
    "tee": _write,
    "ln": _link,
    "mv": _move,
    **dict.fromkeys(("touch", "truncate"), _touch),
    **dict.fromkeys(("rm", "rmdir", "unlink"), _remove),
    **dict.fromkeys(("cp", "install"), _copy),
}


def _may_touch(pattern: str, path: str) -> bool:
    """Whether a path of a command, up to its first wildcard, has to do with ``path``."""
    start = re.split(r"[*?\[]", pattern)[0]
    return path.startswith(start) or below(start.rstrip("/") or "/", path) is not None


def below(path: str, folder: str) -> str | None:
    """What follows ``folder`` in ``path``: empty for the folder itself, None where it is not below it."""
    if path == folder:
        return ""
    start = folder.rstrip("/") + "/"
    return path[len(start) :] if path.startswith(start) else None
