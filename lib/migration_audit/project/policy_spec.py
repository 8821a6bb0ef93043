"""The keys of ``[policy]`` and ``[[waiver]]``, what is wrong with them beyond their types, and their values as settings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from migration_audit.model.location import Location
from migration_audit.project.keys import Key, flag, integer, pattern, text, texts
from migration_audit.project.locate import KeyPath
from migration_audit.project.settings_policy import EnvironmentPolicy, Policy, Waiver

Found = tuple[KeyPath, str, str]
"""Path of the key, what is wrong, what to do."""

IDENTITY: Final = r"[A-Za-z0-9][A-Za-z0-9._+@-]{0,127}"
"""How a reviewer is called: the principal of allowed_signers, and a file's name at the same time."""

_AGE: Final = re.compile(r"0*([1-9]\d{0,3}) (hour|day|week)s?")
_SIGNER: Final = re.compile(r"[^\s#][^\n]* (?:sk-)?(?:ssh|ecdsa)-[\w@.-]+ [A-Za-z0-9+/]{16,}={0,2}(?: [^\n]*)?")
_PEOPLE: Final = texts(
    'a list of reviewers as allowed_signers calls them, such as ["ann@example.org"]',
    item=lambda name: bool(re.fullmatch(IDENTITY, name)),
)
_NEEDS: Final[Mapping[str, Key]] = {
    "quorum": integer(minimum=1, expected="a whole number of reviewers, at least 1"),
    "roles": texts('a list of roles that [[policy.role]] defines, such as ["dba"]'),
    "signers": _PEOPLE,
    "max_age": pattern(_AGE.pattern, 'an age in hours, days or weeks, such as "14 days"'),
    "author_may_sign": flag(),
    "changed_notebooks": flag(),
    "pinned": flag(),
    "producers": texts(
        'a list of lines as allowed_signers has them, such as ["ci@example.org ssh-ed25519 AAAA…"]',
        item=lambda line: _SIGNER.fullmatch(line) is not None,
    ),
    "required": flag(),
}

POLICY_KEYS: Final[Mapping[str, Key]] = {
    "allowed_signers": text("the path of the reviewers' keys in OpenSSH's allowed_signers format, relative to this file"),
    "revoked": text("the path of the revoked keys (public keys or a KRL), relative to this file"),
    "policy_from": pattern(r"[A-Za-z0-9_@][\w./@{}^~-]*", "a git revision, such as origin/main"),
    **{name: key for name, key in _NEEDS.items() if name != "required"},
}
ENVIRONMENT_KEYS: Final = _NEEDS
ROLE_KEYS: Final[Mapping[str, Key]] = {
    "name": Key(
        expected="a short name, such as dba", accepts=lambda v: isinstance(v, str) and v.isidentifier(), required=True
    ),
    "members": Key(expected=_PEOPLE.expected, takes=list, accepts=_PEOPLE.accepts, required=True),
}


def _is_day(value: Any) -> bool:
    if isinstance(value, str):
        try:
            date.fromisoformat(value)
        except ValueError:
            return False
        return True
    return isinstance(value, date) and not isinstance(value, datetime)


WAIVER_KEYS: Final[Mapping[str, Key]] = {
    "finding": text("the key of a finding, such as COV003:index:public.positions_device_ts", required=True),
    "environment": text("the environment in which it is accepted", required=True),
    # A waiver without a reason is a finding of the audit, where a reviewer reads it, and no mistake of the file.
    "reason": Key(expected="why it is accepted", accepts=lambda value: isinstance(value, str)),
    "owner": text("who answers for it", required=True),
    "expires": Key(expected="the last day on which it holds, such as 2027-01-31", accepts=_is_day, required=True),
}


def policy_problems(tables: Mapping[str, Any]) -> Iterator[Found]:
    """Names that nothing has, and quorums that nobody can reach."""
    known = _table(tables.get("environments"))
    policy = _table(tables.get("policy"))
    roles = {r.get("name"): r for r in _items(policy.get("role"))}
    yield from _needs_problems(policy, ("policy",), roles)
    for name, needs in _table(policy.get("environments")).items():
        path: KeyPath = ("policy", "environments", name)
        if name not in known:
            yield path, "is no environment of this file", f"the environments are {', '.join(known) or 'none yet'}"
        yield from _needs_problems(_table(needs), path, roles)
    for position, waiver in enumerate(_items(tables.get("waiver"))):
        environment = waiver.get("environment")
        if isinstance(environment, str) and environment not in known:
            what = "is no environment of this file"
            yield ("waiver", position, "environment"), what, f"the environments are {', '.join(known) or 'none yet'}"


def _needs_problems(table: Mapping[str, Any], path: KeyPath, roles: Mapping[Any, Any]) -> Iterator[Found]:
    named, signers, quorum = table.get("roles"), table.get("signers"), table.get("quorum")
    for role in named if isinstance(named, list) else ():
        if role not in roles:
            yield (*path, "roles"), "names a role that [[policy.role]] does not define", "define it, or correct the name"
    if isinstance(signers, list) and isinstance(quorum, int) and len(set(map(str, signers))) < quorum:
        yield (*path, "quorum"), "asks for more reviewers than signers names", "lower it, or name more signers"


def build_policy(table: Mapping[str, Any]) -> Policy:
    """The policy that a valid ``[policy]`` describes; an environment has what its own table says, else what all have."""
    shared = {name: table[name] for name in _NEEDS if name in table}
    return Policy(
        allowed_signers=table.get("allowed_signers"),
        revoked=table.get("revoked"),
        policy_from=table.get("policy_from"),
        default=_needs(shared),
        environments=MappingProxyType({n: _needs({**shared, **own}) for n, own in table.get("environments", {}).items()}),
        roles=MappingProxyType({role["name"]: tuple(role["members"]) for role in table.get("role", ())}),
    )


def _needs(table: Mapping[str, Any]) -> EnvironmentPolicy:
    given: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in table.items()}
    if "max_age" in table:
        given["max_age"] = age(table["max_age"])
    return EnvironmentPolicy(**given)


def age(said: str) -> timedelta:
    """``14 days`` as a time span; raises ValueError for anything else.

    >>> age("2 weeks").days
    14
    """
    match = _AGE.fullmatch(said)
    if match is None:
        raise ValueError(said)
    return timedelta(**{f"{match[2]}s": int(match[1])})


def build_waiver(table: Mapping[str, Any], at: Location) -> Waiver:
    """The waiver that a valid ``[[waiver]]`` describes."""
    expires = table["expires"]
    return Waiver(
        finding=table["finding"],
        environment=table["environment"],
        reason=table.get("reason", "").strip(),
        owner=table["owner"],
        expires=date.fromisoformat(expires) if isinstance(expires, str) else expires,
        at=at,
    )


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
