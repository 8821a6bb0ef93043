"""Steps in an order in which each finds what it needs.

What the server prints names everything with its schema, so that a step's text tells what it needs. A step comes after the
steps that make what it mentions; among those that could come next, the kind decides, then where the legacy SQL made the
object. Of a circle, the step that comes first by kind goes first: the proof then tells whether that was good enough.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping, Sequence

from migration_audit.model.identifiers import mentioned
from migration_audit.model.location import Location
from migration_audit.model.port import Key, PortStep
from migration_audit.port.step import StepDraft

Weight = tuple[int, tuple[str, int], tuple[int, int], Key, int]
_LAST = 1 << 30


def steps_in_order(drafts: Iterable[StepDraft], origins: Mapping[Key, Location]) -> tuple[PortStep, ...]:
    """The steps, sorted; ``origins`` tell where the legacy SQL made each object."""
    found = list(drafts)
    files = _file_order(origins)
    weights = [_weight(draft, number, origins, files) for number, draft in enumerate(found)]
    waits = _needs(found)
    unlocks: dict[int, list[int]] = {}
    for number, needed in enumerate(waits):
        for other in needed:
            unlocks.setdefault(other, []).append(number)
    heap = [(weights[number], number) for number, needed in enumerate(waits) if not needed]
    heapq.heapify(heap)
    done: list[int] = []
    left = set(range(len(found)))
    while left:
        number = heapq.heappop(heap)[1] if heap else min(left, key=weights.__getitem__)
        if number not in left:
            continue
        left.discard(number)
        done.append(number)
        for other in unlocks.get(number, ()):
            waits[other].discard(number)
            if not waits[other] and other in left:
                heapq.heappush(heap, (weights[other], other))
    return tuple(found[number].step for number in done)


def _file_order(origins: Mapping[Key, Location]) -> dict[str, int]:
    return {path: number for number, path in enumerate(dict.fromkeys(sorted(at.path for at in origins.values())))}


def _weight(draft: StepDraft, number: int, origins: Mapping[Key, Location], files: dict[str, int]) -> Weight:
    at = origins.get(draft.step.about)
    line = (files[at.path], at.line) if at else (_LAST, 0)
    return (draft.rank, draft.place, line, draft.step.about, number)


def _needs(drafts: Sequence[StepDraft]) -> list[set[int]]:
    """For each step the numbers of the steps that have to come before it."""
    makers: dict[tuple[str, str], list[int]] = {}
    for number, draft in enumerate(drafts):
        for made in draft.makes:
            makers.setdefault(made, []).append(number)
    waits: list[set[int]] = []
    for number, draft in enumerate(drafts):
        # Of two kinds that share a name (a function and its argument's type), the one that comes first by kind is meant.
        waits.append(
            {
                maker
                for one in mentioned(draft.needed_text)
                for maker in makers.get(one, ())
                if maker != number and (one not in draft.makes or drafts[maker].rank < draft.rank)
            }
        )
    return waits
