"""What Directus's command line (commander) makes of the words of ``directus schema apply``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from migration_audit.directus.behaviour import behaviour_of
from migration_audit.model.directus import DirectusVersion

_FLAGS: Final = {"--yes": "yes", "--dry-run": "dry", "--help": "help"}
FILE: Final = "{file}"
"""Stands for the snapshot file in the words of a call."""
_SHORT: Final = {"y": "yes", "d": "dry", "h": "help"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyCall:
    """One ``schema apply`` that writes, or that the command line refuses."""

    ignored: frozenset[str] = frozenset()
    problem: str | None = None
    """Why it is refused, as commander says it."""
    asks: bool = False
    """Whether it asks before it changes anything, as without ``--yes``."""
    path: str = ""
    words: tuple[str, ...] = ()
    """What follows ``schema apply``, with ``{file}`` for the snapshot file."""


def apply_call(words: Sequence[str], version: DirectusVersion | None = None) -> ApplyCall | None:
    """What these words ask for; None where they are no ``schema apply``, or one that changes nothing (``--dry-run``).

    Source: commander 12 and 14, cli/index.js of Directus 11.2.2, 11.17.4 and 12.4.0.
    """
    start = next((n for n in range(len(words)) if tuple(words[n : n + 2]) == ("schema", "apply")), None)
    if start is None:
        return None
    call = _call(words[start + 2 :], version)
    return replace(call, words=_with_file(words[start + 2 :])) if call else None


def _with_file(words: Sequence[str]) -> tuple[str, ...]:
    """The words with the first that is neither an option nor the value of one replaced."""
    for number, word in enumerate(words):
        if not word.startswith("-") and (number == 0 or words[number - 1] != "--ignoreRules"):
            return (*words[:number], FILE, *words[number + 1 :])
    return tuple(words)


def _call(words: Sequence[str], version: DirectusVersion | None) -> ApplyCall | None:
    call = _parsed(list(words))
    if isinstance(call, str):
        return ApplyCall(problem=call)
    paths, seen, rules = call
    if "help" in seen:
        return None
    problem = _wrong_paths(len(paths), version)
    if problem is not None:
        return ApplyCall(problem=problem)
    if "dry" in seen:
        return None
    return ApplyCall(ignored=frozenset(rules.split(",")) if rules else frozenset(), asks="yes" not in seen, path=paths[0])


def _parsed(rest: list[str]) -> tuple[list[str], set[str], str] | str:
    """Paths, flags and ignore rules; a text is why the words are refused."""
    paths, seen, rules = list[str](), set[str](), ""
    while rest:
        word = rest.pop(0)
        if word == "--":
            paths, rest = paths + rest, []
        elif word.startswith("--ignoreRules="):
            rules = word.partition("=")[2]
        elif word == "--ignoreRules":
            if not rest:
                return "error: option '--ignoreRules <value>' argument missing"
            rules = rest.pop(0)
        elif word in _FLAGS:
            seen.add(_FLAGS[word])
        elif word.startswith("-") and len(word) > 1:
            if word.startswith("--") or not set(word[1:]) <= _SHORT.keys():
                return f"error: unknown option '{word}'"
            seen |= {_SHORT[letter] for letter in word[1:]}
        else:
            paths.append(word)
    return paths, seen, rules


def answers(words: Sequence[str]) -> bool:
    """Whether a command before a pipe answers the question: ``yes``, ``echo y``."""
    return bool(words) and (words[0] == "yes" or (words[0] in {"echo", "printf"} and words[-1][:1].lower() == "y"))


def _wrong_paths(paths: int, version: DirectusVersion | None) -> str | None:
    if paths == 0:
        return "error: missing required argument 'path'"
    known = behaviour_of(version) if version else None
    if paths > 1 and known is not None and known.strict_arguments:
        return f"error: too many arguments for 'apply'. Expected 1 argument but got {paths}."
    return None


def ignored_tables(calls: Sequence[ApplyCall]) -> frozenset[str]:
    """What every call leaves alone: a table that one of them forgets is not guarded."""
    return frozenset.intersection(*(call.ignored for call in calls)) if calls else frozenset()
