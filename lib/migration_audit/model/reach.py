"""Whose rights a role has: by inheritance, by SET ROLE, or by granting itself what it administers."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass

from migration_audit.model.privileges import Access, How, Membership

Step = tuple[How, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How a role comes to another role's rights."""

    role: str
    steps: tuple[Step, ...] = ()
    """Empty for the role itself."""

    @property
    def text(self) -> str:
        """``""``, or ``through ops (inherited) and trm_owner (after SET ROLE)``.

        >>> Route(role="b", steps=((How.INHERIT, "a"), (How.SET, "b"))).text
        'through a (inherited) and b (after SET ROLE)'
        """
        return "through " + " and ".join(f"{role} ({how.value})" for how, role in self.steps) if self.steps else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Whose rights a role has."""

    rights: dict[str, Route]
    """The easiest route to the rights of each role, the role itself included."""
    identities: dict[str, Route]
    """The easiest route to each role that it can *be*."""


def reach(access: Access) -> Reach:
    """Every role whose rights the role has or can give itself.

    SET ROLE is asked of the memberships of the role that logged in, link by link: it never follows a link that only
    inherits. https://www.postgresql.org/docs/current/role-membership.html, https://www.postgresql.org/docs/current/sql-grant.html
    """
    groups: defaultdict[str, list[Membership]] = defaultdict(list)
    for each in access.memberships:
        groups[each.member].append(each)
    found: dict[tuple[str, bool], Route] = {}
    waiting: list[tuple[tuple[int, int, int], str, bool, tuple[Step, ...]]] = [((0, 0, 0), access.role, True, ())]
    while waiting:
        _, role, acts, steps = heapq.heappop(waiting)
        if (role, acts) in found:
            continue
        found[role, acts] = Route(role=role, steps=steps)
        for group in groups[role]:
            for how, then_acts in _ways_up(group, acts=acts):
                longer = (*steps, (how, group.role))
                heapq.heappush(waiting, (_cost(longer), group.role, then_acts, longer))
    identities = {role: route for (role, acts), route in found.items() if acts}
    inherited = {role: route for (role, acts), route in found.items() if not acts}
    rights = {
        role: min((each[role] for each in (identities, inherited) if role in each), key=lambda route: _cost(route.steps))
        for role in sorted({*identities, *inherited})
    }
    return Reach(rights=rights, identities=identities)


def _ways_up(group: Membership, *, acts: bool) -> list[tuple[How, bool]]:
    ways = []
    if group.inherit:
        ways.append((How.INHERIT, False))
    if group.set and acts:
        ways.append((How.SET, True))
    if group.admin:
        ways.append((How.GRANT, True))
    return ways


def _cost(steps: tuple[Step, ...]) -> tuple[int, int, int]:
    hows = [how for how, _ in steps]
    return hows.count(How.GRANT), hows.count(How.SET), len(hows)
