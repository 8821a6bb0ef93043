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

from migration_audit.artifacts.shell.path_changes import PathChange, below
from migration_audit.artifacts.shell.words import Word

REMOVED: Final = re.compile(r"`(?:\S*/)?(?:rm|mv|unlink|find)\s|\Anothing creates it earlier")
"""Of why it is unknown what is at a path: a program that is there to remove or move files, or to put others there."""
IDLE: Final = re.compile(r"/(?:true|false|echo)\s[^`]*` at|\Athe volume ")
"""Of why a program may be another one: it is replaced by one that does nothing, or by what an earlier container wrote."""
_LINE_ENDS: Final = re.compile(r"(?:-[A-Za-z]+\s+)*['\"]?(?:s/(?:\\r|\\x0[dD]|\^M|\r)\$?//g?;?)['\"]?")
"""Of sed: it takes away CR at the ends of lines, after which the text says the same."""
_HARMLESS: Final = frozenset(
    {"chmod", "chown", "chgrp", "test", "ls", "grep", "touch", "dos2unix", "cat", "file", "head", "wc", "sh", "bash"}
)
"""What ``find -exec`` may start and no text changes by it."""


class Replacements:
    """The commands so far that may have written files; each of them is compared with each path at most once."""

    def __init__(self) -> None:
        """Nothing has run yet."""
        self.may_make_idle = False
        """Whether one of them may put a program that does nothing in the place of another one."""
        self._commands: list[tuple[str, str, Writer, Sequence[Word]]] = []
        self._known: dict[str, tuple[int, str | None]] = {}
        """For each path, with how many commands it was compared, and what came of it."""

    def add(self, change: PathChange) -> None:
        """One more command; one of which it is not known what it writes is not suspected."""
        name = posixpath.basename(change.program.target.text) if change.program is not None else ""
        if change.program is not None and name in _WRITERS:
            shown, words = f"`{change.text}` at {change.at}", [Word(name), *change.program.arguments]
            self._commands.append((shown, change.folder or "/", _WRITERS[name], words))
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


def _names(word: Word, folder: str, path: str) -> bool:
    """Whether a word is the path, or a pattern that it fits."""
    text = word.text if word.text.startswith(("/", "$")) else posixpath.normpath(posixpath.join(folder, word.text))
    return text == path or (text != path and bool(re.search(r"[*?$`\[]", text)) and _fits(path, text))


def _plain(words: Sequence[Word]) -> list[Word]:
    return [word for word in words[1:] if not word.text.startswith("-")]


def _full(text: str, folder: str) -> str:
    end = "/" if text.endswith("/") and text != "/" else ""
    return posixpath.normpath(posixpath.join(folder, text)) + end


def _options(words: Sequence[Word], letters: str) -> bool:
    return any(re.fullmatch(rf"-\w*[{letters}]\w*|--recursive|--archive", word.text) for word in words)


def _given(words: Sequence[Word], folder: str, path: str) -> bool:
    """Each path that it gets is written: tee, truncate, dd of=…"""
    return any(_names(Word(word.text.removeprefix("of=")), folder, path) for word in _plain(words))


def _edits(words: Sequence[Word], folder: str, path: str) -> bool:
    """``sed -i``, ``perl -pi``: unless it only changes how lines end."""
    texts = [word.text for word in words[1:]]
    if not any(re.match(r"-[a-zA-Z]*i|--in-place", text) for text in texts):
        return _in_code(words, folder, path) if words[0].text == "perl" else False
    if any(_LINE_ENDS.fullmatch(text) for text in texts):
        return False
    return any(_names(word, folder, path) for word in _plain(words))


def _copies(words: Sequence[Word], folder: str, path: str) -> bool:
    plain = _plain(words)
    into = next((b.text for a, b in pairwise(words) if a.text in ("-t", "--target-directory")), None)
    target = into or (plain[-1].text if len(plain) > 1 else None)
    if target is None:
        return False
    sources = [word for word in plain if word.text != target] or plain[:-1]
    full = _full(target, folder) if not target.startswith("$") else target
    is_whole = words[0].text in {"mv", "ln", "rsync"} or _options(words, "rRa")
    if words[0].text == "ln" and below(path, full.rstrip("/")):
        return True  # a link in the place of a folder above
    return any(lands_on(_source(word.text, folder), full, path, whole_folders=is_whole) for word in sources)


def _source(text: str, folder: str) -> str:
    return text if "$" in text or text.endswith("/.") else _full(text, folder)


def _unpacks(words: Sequence[Word], folder: str, path: str) -> bool:
    texts = [word.text for word in words]
    if words[0].text in {"tar", "bsdtar"} and not re.search(r"x|-get|--extract", "".join(texts[1:2])):
        return False
    into = next((b for a, b in pairwise(texts) if re.fullmatch(r"-\w*[Cd]|--directory", a)), None)
    joined = next((text.partition("=")[2] for text in texts if text.startswith("--directory=")), None)
    full = _full(joined or into or ".", folder).rstrip("/")
    return full not in {"", "/"} and below(path, full) is not None


def _downloads(words: Sequence[Word], folder: str, path: str) -> bool:
    return any(
        re.fullmatch(r"-\w*[oO]|--output(?:-document)?", before.text) and _names(after, folder, path)
        for before, after in pairwise(words)
    ) or any(_names(Word(word.text.partition("=")[2]), folder, path) for word in words if word.text.startswith("--output"))


def _finds(words: Sequence[Word], folder: str, path: str) -> bool:
    texts = [word.text for word in words[1:]]
    started = [b for a, b in pairwise(texts) if a in {"-exec", "-execdir", "-ok"}]
    if not any(posixpath.basename(each) not in _HARMLESS for each in started) or any(map(_LINE_ENDS.fullmatch, texts)):
        return False
    folders = [text for text in texts if not text.startswith("-")][:1]
    named = [b for a, b in pairwise(texts) if a in {"-name", "-iname"}]
    is_below = any(below(path, _full(each, folder)) is not None for each in folders)
    return is_below and (not named or any(fnmatchcase(posixpath.basename(path), each) for each in named))


def _in_code(words: Sequence[Word], folder: str, path: str) -> bool:
    """Code on the command line that names the file and a way to write it."""
    text = " ".join(word.text for word in words[1:])
    opens = re.search(r"write|open|unlink|rename|copy|system|spawn|exec|>", text)
    return bool(opens) and path in text


def _patches(words: Sequence[Word], folder: str, path: str) -> bool:
    texts = [word.text for word in words]
    into = next((b for a, b in pairwise(texts) if a in {"-d", "--directory"}), ".")
    is_given = any(_names(word, folder, path) for word in _plain(words))
    return is_given or (below(path, _full(into, folder).rstrip("/") or "/") is not None and _full(into, folder) != "/")


def _mounts(words: Sequence[Word], folder: str, path: str) -> bool:
    plain = _plain(words)
    return len(plain) > 1 and below(path, _full(plain[-1].text, folder).rstrip("/")) is not None


Writer = Callable[[Sequence[Word], str, str], bool]
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
