"""Two values side by side, with the words that differ marked on both sides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from migration_audit.report.inline import Inline, Marked, Text

_WORDS = re.compile(r"\d+(?:\.\d+)+|\w+|\s+|[^\w\s]")
_MATCHER_LIMIT = 250_000
"""Pairs of words up to which the matcher, whose time grows with their number, is asked."""
_CONFETTI = 0.25
"""Below this similarity marks on single words hide more than they show: the whole value is marked."""
_KEEP = 160
"""Characters of an unchanged stretch that stay next to a change."""

Runs = tuple[tuple[bool, str], ...]


def side_by_side(expected: str | None, actual: str | None, *, absent: str = "–") -> tuple[Inline, Inline]:
    """Both values for their cells; a value that is not there is ``absent``, in grey, and the other one is unmarked."""
    if expected is None or actual is None:
        return _alone(expected, absent), _alone(actual, absent)
    expected_runs, actual_runs = word_runs(expected, actual)
    return Marked(runs=_folded(expected_runs)), Marked(runs=_folded(actual_runs))


def word_runs(expected: str, actual: str) -> tuple[Runs, Runs]:
    """Both values as runs of text with "only on this side"; joined, the runs give the value back.

    Time is linear in the length for long values: of two long middles that differ, all is marked.
    """
    if expected == actual:
        whole: Runs = ((False, expected),) if expected else ()
        return whole, whole
    left, right = _WORDS.findall(expected), _WORDS.findall(actual)
    head = _common(left, right)
    tail = _common(left[head:][::-1], right[head:][::-1])
    opcodes = _opcodes(left[head : len(left) - tail], right[head : len(right) - tail])
    ends = (left[:head], right[:head]), (left[len(left) - tail :], right[len(right) - tail :])
    return (
        _joined([(False, ends[0][0]), *((op, a) for op, a, _ in opcodes), (False, ends[1][0])]),
        _joined([(False, ends[0][1]), *((op, b) for op, _, b in opcodes), (False, ends[1][1])]),
    )


def _common(left: list[str], right: list[str]) -> int:
    """How many words both begin with."""
    pairs = enumerate(zip(left, right, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(left), len(right)))


def _opcodes(left: list[str], right: list[str]) -> list[tuple[bool, list[str], list[str]]]:
    if len(left) * len(right) > _MATCHER_LIMIT:
        return [(True, left, right)]
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    if matcher.ratio() < _CONFETTI:
        return [(True, left, right)]
    return [(tag != "equal", left[a:b], right[c:d]) for tag, a, b, c, d in matcher.get_opcodes()]


def _joined(pieces: Sequence[tuple[bool, list[str]]]) -> Runs:
    """Pieces as runs: neighbours of one sort in one, and a lone blank between two marked words marked as well."""
    runs: list[tuple[bool, str]] = []
    for marked, words in pieces:
        text = "".join(words)
        if not text:
            continue
        if runs and runs[-1][0] == marked:
            runs[-1] = (marked, runs[-1][1] + text)
        elif marked and len(runs) > 1 and runs[-1][1] == " " and runs[-2][0]:
            runs.pop()
            runs[-1] = (True, runs[-1][1] + " " + text)
        else:
            runs.append((marked, text))
    return tuple(_trimmed(runs))


def _trimmed(runs: list[tuple[bool, str]]) -> Iterator[tuple[bool, str]]:
    """The runs with blanks at the ends of marks outside of them, unless the blanks are all that is marked."""
    for marked, text in runs:
        core = text.strip(" ")
        if not marked or not core or core == text:
            yield marked, text
            continue
        before, _, after = text.partition(core)
        yield from ((m, piece) for m, piece in ((False, before), (True, core), (False, after)) if piece)


def _folded(runs: Runs) -> Runs:
    """The runs with long unchanged stretches cut to what is next to a change; that they are cut is shown."""
    if len(runs) < 2:
        return runs
    return tuple(
        (marked, text if marked else _cut(text, first=not i, last=i == len(runs) - 1))
        for i, (marked, text) in enumerate(runs)
    )


def _cut(text: str, *, first: bool, last: bool) -> str:
    before, after = (0 if first else _KEEP), (0 if last else _KEEP)
    left_out = len(text) - before - after
    if left_out <= _KEEP:
        return text
    return f"{text[:before]} [… {left_out:,} characters the same …] {text[len(text) - after :]}".strip(" ")


def _alone(value: str | None, absent: str) -> Inline:
    return Text(absent, muted=True) if value is None else Marked(runs=((False, value),))
