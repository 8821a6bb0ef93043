"""``[policy]`` and ``[[waiver]]``: who must sign what, how old evidence may be, and which findings are accepted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, Final

from migration_audit.model.location import Location
from migration_audit.project import keys
from migration_audit.project.describe import (
    Example,
    Shape,
    Table,
    TablePlace,
    build_settings,
    items,
    setting,
    table,
    table_in,
)
from migration_audit.project.keys import REVISION, WORD
from migration_audit.project.locate import Found, KeyPath

IDENTITY: Final = r"[A-Za-z0-9][A-Za-z0-9._+@-]{0,127}"
"""How a reviewer is called: the principal of allowed_signers, and a file's name at the same time."""

_AGE: Final = re.compile(r"0*([1-9][0-9]{0,3}) (hour|day|week)s?")
_WORD: Final = re.compile("[^\\W_\u115f\u1160\u3164\uffa0]")
"""A letter or digit that is seen: Hangul's fillers are letters without a shape."""
_SIGNER: Final = r"[^\s#!*?]+ (?:[^\n]* )?(?:sk-)?(?:ssh|ecdsa)-[\w@.-]+ [A-Za-z0-9+/]{16,}={0,2}(?: [^\n]*)?"
_PEOPLE: Final = 'a list of reviewers as allowed_signers calls them, such as ["ann@example.org"]'


def age(text: str) -> timedelta:
    """``14 days`` as a time span; raises ValueError for anything else.

    >>> age("2 weeks").days
    14
    """
    match = _AGE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return timedelta(**{f"{match[2]}s": int(match[1])})


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentPolicy:
    """What the evidence of one environment needs before the gate opens."""

    quorum: int = setting(
        keys.count("a whole number of reviewers, at least 1"),
        "How many different reviewers must approve.",
        default=1,
    )
    roles: tuple[str, ...] = setting(
        keys.texts('a list of roles that [[policy.role]] defines, such as ["dba"]'),
        "Roles of which at least one member must approve, each.",
        example='["dba"]',
    )
    signers: tuple[str, ...] = setting(
        keys.texts(_PEOPLE, item=IDENTITY),
        "The reviewers whose signature counts. Left out: everyone in allowed_signers.",
        example='["ann@example.org", "bob@example.org"]',
    )
    max_age: timedelta | None = setting(
        keys.pattern(_AGE.pattern, 'an age in hours, days or weeks, such as "14 days"'),
        "How old the evidence may be when the gate runs: hours, days or weeks. Left out: any age.",
        example='"14 days"',
        convert=age,
    )
    author_may_sign: bool = setting(
        keys.flag(), "Whether the person who ran the audit or wrote the audited commit may sign it too.", default=False
    )
    pinned: bool = setting(
        keys.flag(),
        "Whether database and system_identifier must be pinned, or be those of the last approved run.",
        default=False,
    )
    changed_notebooks: bool = setting(
        keys.flag(),
        "Whether a run counts that executed notebooks of your own (notebooks/ next to this file) in place of the "
        "packaged ones.",
        default=False,
    )
    producers: tuple[str, ...] = setting(
        keys.texts(
            'a list of lines as allowed_signers has them, such as ["ci@example.org ssh-ed25519 AAAA…"]', item=_SIGNER
        ),
        "Who may make a run that counts: lines as allowed_signers has them. `run --producer-key FILE` signs with such a "
        "key, which only the job that may read the databases has. Left out: anyone; the evidence names who made the run.",
        example="['ci@example.org namespaces=\"migration-audit-producer\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA']",
    )
    required: bool = setting(keys.flag(), "Whether the gate checks this environment when no --env is given.", default=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRole:
    """``[[policy.role]]``: reviewers who can replace each other."""

    name: str = setting(keys.pattern(WORD, "a short name, such as dba"), example='"dba"', required=True)
    members: tuple[str, ...] = setting(keys.texts(_PEOPLE, item=IDENTITY), example='["ann@example.org"]', required=True)


def _environments(policy: Table, place: TablePlace) -> Mapping[str, EnvironmentPolicy]:
    """An environment has what its own table says, else what all have."""
    tables = policy.get("environments", {})
    return MappingProxyType(
        {name: build_settings(EnvironmentPolicy, {**policy, **own}, place) for name, own in tables.items()}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """``[policy]``: where the keys of the reviewers are, and what each environment needs."""

    allowed_signers: str | None = setting(
        keys.text("the path of the reviewers' keys in OpenSSH's allowed_signers format, relative to this file"),
        'The reviewers\' public keys, one a line: ann@example.org namespaces="migration-audit" ssh-ed25519 AAAA… '
        "See ALLOWED SIGNERS in ssh-keygen(1): valid-after and valid-before limit a key in time.",
        example='".audit/allowed_signers"',
    )
    revoked: str | None = setting(
        keys.text("the path of the revoked keys (public keys or a KRL), relative to this file"),
        "Keys that are no longer trusted: public keys, one a line, or a KRL made by ssh-keygen -k.",
        example='".audit/revoked"',
    )
    policy_from: str | None = setting(
        keys.pattern(REVISION, "a git revision, such as origin/main"),
        "Read policy and keys from this git revision, which the author of a proposal cannot change. Left out: from the "
        "files as they are, and the gate says so.",
        example='"origin/main"',
    )
    default: EnvironmentPolicy = table(
        EnvironmentPolicy, default=EnvironmentPolicy(), shape=Shape.INLINE, without=("required",)
    )
    environments: Mapping[str, EnvironmentPolicy] = table(
        EnvironmentPolicy,
        "What one environment needs, where it differs: this takes precedence over [policy].",
        default={},
        shape=Shape.NAMED,
        make=_environments,
        examples=(
            Example(
                name="stage",
                values={
                    "quorum": "2",
                    "max_age": '"7 days"',
                    **dict.fromkeys(
                        ("roles", "signers", "author_may_sign", "pinned", "changed_notebooks", "producers", "required"),
                        "",
                    ),
                },
            ),
        ),
    )
    roles: Mapping[str, tuple[str, ...]] = table(
        PolicyRole,
        "The members of a role.",
        default={},
        name="role",
        shape=Shape.ARRAY,
        convert=lambda roles: MappingProxyType({role.name: role.members for role in roles}),
    )

    def of(self, environment: str) -> EnvironmentPolicy:
        """What this environment needs."""
        return self.environments.get(environment, self.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A recorded decision to accept one finding in one environment, for a time."""

    finding: str = setting(
        keys.text("the key of a finding, such as COV003:index:public.positions_device_ts"),
        "The finding's key, as the report shows it.",
        example='"LIV004:index:public.measurements_by_hand"',
        required=True,
    )
    environment: str = setting(keys.text("the environment in which it is accepted"), example='"stage"', required=True)
    # A waiver without a reason is a finding of the audit, where a reviewer reads it, and no mistake of the file.
    reason: str = setting(
        keys.any_text("why it is accepted"),
        "Why it is accepted. A reviewer reads this; without letters or digits the waiver has no effect.",
        example='"dropped in the maintenance window of May"',
        fallback="",
        convert=lambda reason: reason.strip() if _WORD.search(reason) else "",
    )
    owner: str = setting(
        keys.text("who is responsible for it"), "Who is responsible for it.", example='"ann@example.org"', required=True
    )
    expires: date = setting(
        keys.day("the last day on which it is valid, such as 2027-01-31"),
        "The last day on which it is valid (UTC).",
        example="2027-01-31",
        convert=lambda day: date.fromisoformat(day) if isinstance(day, str) else day,
        required=True,
    )
    at: Location = field(compare=False)


def policy_problems(tables: Mapping[str, Any]) -> Iterator[Found]:
    """Names that do not exist, and quorums that cannot be reached."""
    known = table_in(tables, "environments")
    policy = table_in(tables, "policy")
    roles = [role.get("name") for _, role in items(policy, "role")]
    yield from _needs_problems(policy, ("policy",), roles)
    for name in (needs := table_in(policy, "environments")):
        path: KeyPath = ("policy", "environments", name)
        if name not in known:
            yield path, "is not an environment of this file", f"the environments are {', '.join(known) or 'none yet'}"
        yield from _needs_problems(table_in(needs, name), path, roles)
    for position, waiver in items(tables, "waiver"):
        environment = waiver.get("environment")
        if isinstance(environment, str) and environment not in known:
            what = "is not an environment of this file"
            yield ("waiver", position, "environment"), what, f"the environments are {', '.join(known) or 'none yet'}"


def _needs_problems(table: Mapping[str, Any], path: KeyPath, roles: list[Any]) -> Iterator[Found]:
    named, signers, quorum = table.get("roles"), table.get("signers"), table.get("quorum")
    for role in named if isinstance(named, list) else ():
        if role not in roles:
            yield (*path, "roles"), "names a role that [[policy.role]] does not define", "define it, or correct the name"
    if isinstance(signers, list) and isinstance(quorum, int) and len(set(map(str, signers))) < quorum:
        yield (*path, "quorum"), "requires more reviewers than there are signers", "lower it, or name more signers"
