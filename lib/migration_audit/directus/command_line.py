"""What Directus's command line (commander) makes of the words of ``directus schema apply``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from migration_audit.directus.behaviour import behaviour_of
from migration_audit.model.directus import DirectusVersion

_FLAGS: Final = {"--yes": "yes", "--dry-run": "dry", "--help": "help"}
_SHORT: Final = {"y": "yes", "d": "dry", "h": "help"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyCall:
    """One ``schema apply`` that writes, or that the command line refuses."""

    ignored: frozenset[str] = frozenset()
    problem: str | None = None
    """Why it is refused, as commander says it."""


def apply_call(words: Sequence[str], version: DirectusVersion | None = None) -> ApplyCall | None:
    """What these words ask for; None where they are no ``schema apply``, or one that changes nothing (``--dry-run``).

    Source: commander 12 and 14, cli/index.js of Directus 11.2.2, 11.17.4 and 12.4.0.
    """
    start = next((n for n in range(len(words)) if tuple(words[n : n + 2]) == ("schema", "apply")), None)
    if start is None:
        return None
    rest, paths, seen, rules = list(words[start + 2 :]), 0, set[str](), ""
    while rest:
        word = rest.pop(0)
        if word == "--":
            paths, rest = paths + len(rest), []
        elif word.startswith("--ignoreRules="):
            rules = word.partition("=")[2]
        elif word == "--ignoreRules":
            if not rest:
                return ApplyCall(problem="error: option '--ignoreRules <value>' argument missing")
            rules = rest.pop(0)
        elif word in _FLAGS:
            seen.add(_FLAGS[word])
        elif word.startswith("-") and len(word) > 1:
            if word.startswith("--") or not set(word[1:]) <= _SHORT.keys():
                return ApplyCall(problem=f"error: unknown option '{word}'")
            seen |= {_SHORT[letter] for letter in word[1:]}
        else:
            paths += 1
    if "help" in seen:
        return None
    problem = _wrong_paths(paths, version)
    if problem is not None:
        return ApplyCall(problem=problem)
    return None if "dry" in seen else ApplyCall(ignored=frozenset(rules.split(",")) if rules else frozenset())


def _wrong_paths(paths: int, version: DirectusVersion | None) -> str | None:
    if paths == 0:
        return "error: missing required argument 'path'"
    known = behaviour_of(version) if version else None
    if paths > 1 and known is not None and known.strict_arguments:
        return f"error: too many arguments for 'apply'. Expected 1 argument but got {paths}."
    return None


def ignored_by(calls: Sequence[ApplyCall]) -> frozenset[str]:
    """What every call leaves alone: a table that one of them forgets is not guarded."""
    return frozenset.intersection(*(call.ignored for call in calls)) if calls else frozenset()
