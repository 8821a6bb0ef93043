"""What a role may do in one database, and through which other roles; read from the catalog, judged elsewhere."""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum


class How(StrEnum):
    """One step from a role to another whose rights it has."""

    INHERIT = "inherited"
    """The rights are there by themselves."""
    SET = "after SET ROLE"
    """One command away."""
    GRANT = "after GRANT to itself, by its ADMIN option"
    """Two commands away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleFacts:
    """Attributes of one role; they are not inherited, but SET ROLE brings them."""

    name: str
    superuser: bool = False
    create_role: bool = False
    create_database: bool = False
    bypass_rls: bool = False
    can_login: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """``member`` is in ``role``; before PostgreSQL 16 ``inherit`` is the member's own attribute and ``set`` always true."""

    role: str
    member: str
    inherit: bool = True
    set: bool = True
    admin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """One privilege on one object, to a role or to everybody; what an owner has by owning is not here."""

    kind: str
    """``database``, ``schema``, ``table``, ``foreign-data wrapper``, ``default privileges``."""
    object: str
    """The object's key; of default privileges a sentence part: ``on tables that "x" makes``."""
    privilege: str
    grantee: str | None
    """None for PUBLIC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """One object and its owner."""

    kind: str
    object: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Everything from which follows what one role may do in one database."""

    role: str
    exists: bool
    postgres_number: int
    """``server_version_num``: 170005."""
    roles: tuple[RoleFacts, ...] = ()
    """The role itself and every role it is a member of, directly or not."""
    memberships: tuple[Membership, ...] = ()
    """Among these roles; the database's owner is a member of ``pg_database_owner``, although no catalog row says so."""
    granted: tuple[Granted, ...] = ()
    """To these roles, or to everybody."""
    owned: tuple[Owned, ...] = ()
    """By these roles."""
    definers: tuple[Owned, ...] = ()
    """Functions that it may call and that run with the rights of their owner (SECURITY DEFINER)."""
    elsewhere: tuple[str, ...] = ()
    """What they own or may create in outside of the audit's scope, each a sentence part: ``owns schema scratch``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What SQL gave to a role in the database that it made."""

    rights: tuple[str, ...] = ()
    """Each a sentence part: ``INSERT, SELECT ON public.positions TO writer``."""
    makers: tuple[str, ...] = ()
    """Other roles than the one that ran the SQL, whose default privileges would give it rights on what they create."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededPrivilege:
    """One privilege that a statement needs on one relation."""

    schema: str | None
    """None where the statement does not say: then the search_path decides."""
    relation: str
    privilege: str
    """``SELECT``, ``INSERT``, ``UPDATE``, ``DELETE``."""
    columns: tuple[str, ...] = ()
    """Empty: any column will do. ``("*",)``: all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementNeeds:
    """The privileges that one statement needs, as far as its text shows them."""

    needs: tuple[NeededPrivilege, ...] = ()
    functions: tuple[tuple[str | None, str], ...] = ()
    """Schema, if the statement gives one, and name of each function that it calls."""
    undecided: str | None = None
    """Why the text does not show them; the rest is then empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRights:
    """Whether one probe's role has in a live database what the probe needs; nothing was run."""

    name: str
    role: str
    lacks: tuple[str, ...] = ()
    """Each a sentence part: ``no INSERT on public.positions``."""
    undecided: tuple[str, ...] = ()
    """What the catalog does not answer, each with the reason."""
    notes: tuple[str, ...] = ()
    """For information."""
    fixes: tuple[str, ...] = ()
    """GRANT statements for what is lacking, where a grant would do."""
    where: str | None = None
    """The line of audit.toml that defines the probe."""


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
