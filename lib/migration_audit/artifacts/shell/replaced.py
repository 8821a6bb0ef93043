"""Which command may have put another text at the path of a file that the project brings.

What is known is what each program is given: a program that is not known, and gets neither the file nor its folder, is not
suspected.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Final

from migration_audit.artifacts.shell.path_changes import PathChange, below, full_path
from migration_audit.artifacts.text import word_set

REMOVED: Final = re.compile(r"`(?:\S*/)?(?:rm|mv|unlink|find)\s|\Anothing creates it earlier")
"""Of why it is unknown what is at a path: a program that is there to remove or move files, or to put others there."""
IDLE: Final = re.compile(r"/(?:true|false|echo)\s[^`]*` at|\Athe volume ")
"""Of why a program may be another one: it is replaced by one that does nothing, or by what an earlier container wrote."""
_LINE_ENDS: Final = re.compile(r"(?:-[A-Za-z]+\s+)*['\"]?(?:s/(?:\\r|\\x0[dD]|\^M|\r)\$?//g?;?)['\"]?")
"""Of sed: it takes away CR at the ends of lines, after which the text says the same."""
_HARMLESS: Final = word_set("chmod chown chgrp test ls grep touch dos2unix cat file head wc sh bash")
"""What ``find -exec`` may start and no text changes by it."""


class Replacements:
    """The commands so far that may have written files; each of them is compared with each path at most once."""

    def __init__(self) -> None:
        """Nothing has run yet."""
        self.may_make_idle = False
        """Whether one of them may put a program that does nothing in the place of another one."""
        self._commands: list[tuple[str, str, Writer, Sequence[str]]] = []
        self._known: dict[str, tuple[int, str | None]] = {}
        """For each path, with how many commands it was compared, and what came of it."""

    def add(self, change: PathChange) -> None:
        """One more command; one of which it is not known what it writes is not suspected."""
        if change.program is not None and change.name in _WRITERS:
            shown, words = (
                f"`{change.text}` at {change.at}",
                [change.name, *(word.text for word in change.program.arguments)],
            )
            self._commands.append((shown, change.folder or "/", _WRITERS[change.name], words))
            self.may_make_idle = self.may_make_idle or IDLE.search(shown) is not None

    def of(self, path: str) -> str | None:
        """Why the text at ``path`` may be another one after these commands; None where none of them writes there."""
        compared, why = self._known.get(path, (0, None))
        for shown, folder, writes, words in reversed(self._commands[compared:]):
            if writes(words, folder, path):
                why = f"{shown} may have replaced {path}"
                break
        self._known[path] = len(self._commands), why
        return why


def lands_on(source: str, target: str, path: str, *, whole_folders: bool) -> bool:
    """Whether what is copied from ``source`` to ``target`` may come to be at ``path``."""
    name = posixpath.basename(source.rstrip("/"))
    is_content = source.endswith(("/", "/.")) or name in {".", "*"}
    inner = below(path, target.rstrip("/") or "/")
    if inner is None:
        return False
    if inner == "":
        return True
    first, _, rest = inner.partition("/")
    if is_content:
        return whole_folders or not rest
    return _fits(first, name) and (not rest or whole_folders)


def _fits(name: str, pattern: str) -> bool:
    """Whether a name may be this one; variables stand for anything, but must not be all that is known."""
    spelt = re.sub(r"\$\{[^}]*\}|\$\([^)]*\)|\$\w+|`[^`]*`", "*", pattern)
    return fnmatchcase(name, spelt) and bool(re.search(r"[\w.]", spelt))


def _names(word: str, folder: str, path: str) -> bool:
    """Whether a word is the path, or a pattern that it fits."""
    text = word if word.startswith(("/", "$")) else full_path(word, folder).rstrip("/")
    return text == path or (bool(re.search(r"[*?$`\[]", text)) and _fits(path, text))


def _plain(words: Sequence[str]) -> list[str]:
    return [word for word in words[1:] if not word.startswith("-")]


def _values(words: Sequence[str], option: str) -> list[str]:
    """The values of an option (a regular expression), behind it or after its ``=``, one for each time that it is given."""
    joined = [word.partition("=")[2] for word in words if "=" in word and re.fullmatch(option, word.partition("=")[0])]
    return joined + [value for before, value in pairwise(words) if re.fullmatch(option, before)]


def _is_below(path: str, folder: str) -> bool:
    """Whether a command that writes into a folder may write there; the root alone says too little."""
    return folder.rstrip("/") != "" and below(path, folder.rstrip("/")) is not None


def _given(words: Sequence[str], folder: str, path: str) -> bool:
    """Each path that it gets is written: tee, truncate, dd of=…"""
    return any(_names(word.removeprefix("of="), folder, path) for word in _plain(words))


def _edits(words: Sequence[str], folder: str, path: str) -> bool:
    """``sed -i``, ``perl -pi``: unless it only changes how lines end."""
    if not any(re.match(r"-[a-zA-Z]*i|--in-place", word) for word in words[1:]):
        return words[0] == "perl" and _in_code(words, folder, path)
    return not any(map(_LINE_ENDS.fullmatch, words[1:])) and _given(words, folder, path)


def _copies(words: Sequence[str], folder: str, path: str) -> bool:
    plain = _plain(words)
    target = next(iter(_values(words, "-t|--target-directory")), plain[-1] if len(plain) > 1 else None)
    if target is None:
        return False
    sources = [word for word in plain if word != target] or plain[:-1]
    full = target if target.startswith("$") else full_path(target, folder)
    is_recursive = any(re.fullmatch(r"-\w*[rRa]\w*|--recursive|--archive", word) for word in words)
    if words[0] == "ln" and below(path, full.rstrip("/")):
        return True  # a link in the place of a folder above
    is_whole = is_recursive or words[0] in {"mv", "ln", "rsync"}
    return any(lands_on(_source(word, folder), full, path, whole_folders=is_whole) for word in sources)


def _source(text: str, folder: str) -> str:
    return text if "$" in text or text.endswith("/.") else full_path(text, folder)


def _unpacks(words: Sequence[str], folder: str, path: str) -> bool:
    if words[0] in {"tar", "bsdtar"} and not re.search(r"x|-get|--extract", "".join(words[1:2])):
        return False
    into = next(iter(_values(words, r"-\w*[Cd]|--directory")), ".")
    return _is_below(path, full_path(into, folder))


def _downloads(words: Sequence[str], folder: str, path: str) -> bool:
    return any(_names(target, folder, path) for target in _values(words, r"-\w*[oO]|--output(?:-document)?"))


def _finds(words: Sequence[str], folder: str, path: str) -> bool:
    started = map(posixpath.basename, _values(words, "-exec|-execdir|-ok"))
    if _HARMLESS.issuperset(started) or any(map(_LINE_ENDS.fullmatch, words[1:])):
        return False
    named = _values(words, "-i?name")
    is_below = any(below(path, full_path(each, folder)) is not None for each in _plain(words)[:1])
    return is_below and (not named or any(fnmatchcase(posixpath.basename(path), each) for each in named))


def _in_code(words: Sequence[str], _: str, path: str) -> bool:
    """Code on the command line that names the file and a way to write it."""
    text = " ".join(words[1:])
    return path in text and bool(re.search(r"write|open|unlink|rename|copy|system|spawn|exec|>", text))


def _patches(words: Sequence[str], folder: str, path: str) -> bool:
    into = next(iter(_values(words, "-d|--directory")), ".")
    return _given(words, folder, path) or _is_below(path, full_path(into, folder))


def _mounts(words: Sequence[str], folder: str, path: str) -> bool:
    plain = _plain(words)
    return len(plain) > 1 and below(path, full_path(plain[-1], folder).rstrip("/")) is not None


Writer = Callable[[Sequence[str], str, str], bool]
_WRITERS: Final[Mapping[str, Writer]] = {
    **dict.fromkeys(("tee", "truncate", "dd", "shred", "sponge", "ed", "ex", "split"), _given),
    **dict.fromkeys(("sed", "gsed", "perl"), _edits),
    **dict.fromkeys(("cp", "mv", "ln", "install", "rsync"), _copies),
    **dict.fromkeys(("tar", "bsdtar", "unzip", "cpio"), _unpacks),
    **dict.fromkeys(("curl", "wget"), _downloads),
    **dict.fromkeys(("python", "python3", "node", "ruby", "php"), _in_code),
    "find": _finds,
    "patch": _patches,
    "mount": _mounts,
}
