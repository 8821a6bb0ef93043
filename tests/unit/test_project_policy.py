"""[policy] and [[waiver]] of audit.toml: what they mean, and what is refused at which line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from migration_audit.model.errors import ConfigError
from migration_audit.project import EnvironmentPolicy, Policy, audited_digest, compare_settings, load_project

TOML = """[project]
name = "trm"
[legacy]
sql = ["l/*.sql"]
[owner]
sql = ["o/*.sql"]
[environments.prod]
dsn_env = "P"
[environments.dev]
dsn_env = "D"
"""
WAIVER = '[[waiver]]\nfinding = "A:b"\nenvironment = "prod"\nowner = "ann"\nexpires = 2027-01-01\n'


def load(tmp_path: Path, more: str):
    (tmp_path / "audit.toml").write_text(TOML + more)
    return load_project(tmp_path / "audit.toml")


def test_nothing_said(tmp_path):
    assert load(tmp_path, "").policy == Policy()
    assert EnvironmentPolicy() == EnvironmentPolicy(quorum=1, max_age=None, author_may_sign=False, required=True)


def test_an_environment_has_what_it_says_and_else_what_all_have(tmp_path):
    policy = load(
        tmp_path,
        """[policy]
allowed_signers = "keys"
quorum = 2
max_age = "14 days"
[policy.environments.prod]
max_age = "36 hours"
roles = ["dba"]
[[policy.role]]
name = "dba"
members = ["ann@example.org"]
""",
    ).policy
    assert policy.of("dev") == EnvironmentPolicy(quorum=2, max_age=timedelta(days=14))
    assert policy.of("prod") == EnvironmentPolicy(quorum=2, max_age=timedelta(hours=36), roles=("dba",))
    assert policy.roles == {"dba": ("ann@example.org",)}


@pytest.mark.parametrize(
    ("more", "line", "reported"),
    [
        ("[policy]\nquorum = 0\n", 12, "policy.quorum is wrong: expected a whole number of reviewers"),
        ('[policy]\nmax_age = "forever"\n', 12, "policy.max_age is wrong: expected an age in hours, days or weeks"),
        ('[policy]\nmax_age = "0 days"\n', 12, "policy.max_age is wrong"),
        ('[policy]\nauthor_may_sign = "yes"\n', 12, "expected true or false"),
        ('[policy]\nsigners = ["a b"]\n', 12, "policy.signers is wrong: expected a list of reviewers"),
        ('[policy]\npolicy_from = "--output=x"\n', 12, "policy.policy_from is wrong: expected a git revision"),
        ("[policy]\nrequired = true\n", 12, "policy.required is not a known key"),
        ("[policy.environments.stage]\nquorum = 1\n", 11, "policy.environments.stage is not an environment of this file"),
        ('[policy]\nroles = ["dba"]\n', 12, "policy.roles names a role that [[policy.role]] does not define"),
        ('[policy]\nquorum = 2\nsigners = ["a"]\n', 12, "policy.quorum requires more reviewers than there are signers"),
        ('[[policy.role]]\nname = "dba"\n', 11, "policy.role[1].members is missing"),
        (WAIVER.replace('"prod"', '"prd"'), 13, "waiver[1].environment is not an environment of this file"),
        (WAIVER.replace("2027-01-01", '"soon"'), 15, "waiver[1].expires is wrong: expected the last day"),
        (WAIVER.replace("2027-01-01", "2027-01-01T00:00:00Z"), 15, "waiver[1].expires is wrong: expected the last day"),
        (WAIVER.replace('owner = "ann"', ""), 11, "waiver[1].owner is missing, expected who is responsible for it"),
        (WAIVER.replace("finding", "findng"), 12, "waiver[1].findng is not a known key"),
    ],
)
def test_what_is_refused(tmp_path, more, line, reported):
    with pytest.raises(ConfigError) as raised:
        load(tmp_path, more)
    assert f"audit.toml:{line}: " in str(raised.value)
    assert reported in str(raised.value)


def test_what_makes_an_audit_stale_is_what_says_something_about_it():
    digest = audited_digest(TOML.encode())
    assert audited_digest(f"# a comment\n{TOML}[policy]\nquorum = 2\n[report]\nout = 'r'\n".encode()) == digest
    assert audited_digest(f"{TOML}{WAIVER}".encode()) != digest
    assert audited_digest(TOML.replace('"D"', '"E"').encode()) != digest


LAX, STRICT = {"table": "public.*", "mode": "ignore"}, {"table": "public.price", "mode": "exact"}
SEEDS = {
    "one more": ([STRICT], [LAX, STRICT], "[[seed]] is new"),
    "the first one": ([], [LAX], "[[seed]] is new"),
    "another order": ([STRICT, LAX], [LAX, STRICT], "[[seed]] has another order"),
    "one less": ([STRICT, LAX], [LAX], "[[seed]] was removed"),
}


@pytest.mark.parametrize(("old", "new", "text"), SEEDS.values(), ids=SEEDS)
def test_a_proposal_may_not_say_how_rows_are_compared(
    old: list[dict[str, str]], new: list[dict[str, str]], text: str
) -> None:
    """The first one that matches a table decides, so that one more or another order may leave rows out."""
    assert [(one.text.startswith(text), one.is_less) for one in compare_settings({"seed": old}, {"seed": new})] == [
        (True, True)
    ]


def test_the_order_of_rules_is_no_less() -> None:
    one, two = {"check": "RET001", "absent": ["a"]}, {"check": "RET001", "absent": ["b"]}
    assert not any(each.is_less for each in compare_settings({"rule": [one, two]}, {"rule": [two, one]}))
