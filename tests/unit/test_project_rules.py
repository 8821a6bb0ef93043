"""A ``[[rule]]`` of audit.toml: what it becomes, and every way in which it is refused at its line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from migration_audit.model.errors import ConfigError
from migration_audit.project import AuditRule, Verb, load_project
from migration_audit.project.rule import RULE_CHECKS, RULE_KEYS, VERBS

MINIMAL = '[project]\nname = "p"\n[legacy]\nsql = ["a"]\n[owner]\nsql = ["b"]\n[environments.e]\nservice = "s"\n'
FIRST = MINIMAL.count("\n") + 1

SHORTEST = {
    Verb.ABSENT: 'absent = ["a/b"]',
    Verb.PRESENT: 'present = ["a.ts"]',
    Verb.CALLS: 'calls = ["migrate"]\nin = ["src/**/*.ts"]',
    Verb.MENTIONS: 'mentions = ["applied"]\nin = ["src/**"]',
    Verb.DDL: 'ddl = true\nin = ["src/**"]',
    Verb.PACKAGES: 'packages = ["umzug"]\nin = ["package.json"]',
    Verb.IMAGE: 'image = "Dockerfile"\nruns = ["migrate"]',
    Verb.FIXTURE: 'fixture = "t/schema.sql"\nloaded_by = ["t/*.ts"]',
    Verb.SAYS: 'says = ["It is so."]\nin = ["a.md"]',
    Verb.SAYS_NOT: 'says_not = ["it is not so"]\nin = ["a.md"]',
    Verb.ENTRY: 'entry = "note"\nabout = ["runner"]\nin = ["log.md"]',
    Verb.DROPS: 'drops = ["applied"]\nin = ["src/**"]',
    Verb.COMMAND: 'command = "make test"',
}


def load(tmp_path: Path, text: str) -> tuple[AuditRule, ...]:
    (tmp_path / "audit.toml").write_text(MINIMAL + text)
    return load_project(tmp_path / "audit.toml").retirement


@pytest.mark.parametrize("verb", Verb)
def test_the_shortest_rule_of_each_verb(tmp_path, verb):
    for check in VERBS[verb].checks:
        (rule,) = load(tmp_path, f'[[rule]]\ncheck = "{check}"\n{SHORTEST[verb]}')
        assert (rule.check, rule.verb, rule.at.line) == (check, verb, FIRST)
        assert bool(rule.what) is (verb is not Verb.DDL)


def test_every_key_arrives(tmp_path):
    text = """
[[rule]]
check = "RET003"
calls = ["migrate", "up"]
module = "src/db/migrate.ts"
in = ["src/**/*.ts"]
except = ["src/x.ts"]
"""
    (rule,) = load(tmp_path, text)
    assert rule.what == ("migrate", "up")
    assert (rule.module, rule.files, rule.excluded) == ("src/db/migrate.ts", ("src/**/*.ts",), ("src/x.ts",))


def test_the_rules_of_a_check_in_the_order_of_the_file(tmp_path):
    text = "".join(f'[[rule]]\ncheck = "RET001"\nabsent = ["{name}"]\n' for name in "ba")
    load(tmp_path, text + '[[rule]]\ncheck = "RET002"\nabsent = ["c"]\n')
    project = load_project(tmp_path / "audit.toml")
    assert [rule.what for rule in project.rules_for("RET001")] == [("b",), ("a",)]
    assert project.rules_for("RET005") == ()


# name: (the rule without its first two lines, the offset of the line that the error points at, what it says)
REFUSED = {
    "no check": (None, 'absent = ["a"]', 0, "rule[1].check is missing"),
    "an unknown check": ("RET099", 'absent = ["a"]', 1, "rule[1].check is wrong: expected a check that takes rules"),
    "a check without rules": ("COV003", 'absent = ["a"]', 1, "rule[1].check is wrong"),
    "no verb": ("RET001", 'in = ["a"]', 0, "rule[1] has no verb"),
    "two verbs": ("RET001", 'absent = ["a"]\npresent = ["b"]', 0, "rule[1] has absent and present"),
    "a verb of another check": ("RET001", 'present = ["a"]', 1, "present is not a verb of this check"),
    "a key of another verb": ("RET001", 'absent = ["a"]\nin = ["b"]', 3, "rule[1].in cannot be combined with absent"),
    "calls without in": ("RET003", 'calls = ["m"]', 0, "rule[1].in is missing"),
    "a misspelt key": ("RET001", 'absnt = ["a"]', 2, "rule[1].absnt is not a known key"),
    "a path that comes back": ("RET001", 'absent = ["../a/../b"]', 2, "rule[1].absent is wrong: expected a list of paths"),
    "an absolute path": ("RET002", 'absent = ["/a"]', 2, "rule[1].absent is wrong"),
    "a home folder": ("RET002", 'absent = ["~/a"]', 2, "rule[1].absent is wrong"),
    "backslashes": ("RET002", r"absent = ['a\b']", 2, "rule[1].absent is wrong"),
    "an empty list": ("RET001", "absent = []", 2, "rule[1].absent is wrong"),
    "a text for a list": ("RET001", 'absent = "a"', 2, "found a text"),
    "ddl is false": ("RET005", 'ddl = false\nin = ["a"]', 2, "rule[1].ddl is wrong: expected true"),
    "ddl is a word": ("RET005", 'ddl = "no"\nin = ["a"]', 2, "found a text"),
    "two ways to be unchanged": (
        "RET009",
        f'present = ["a"]\nunchanged_since = "main"\nsha256 = "{"0" * 64}"',
        0,
        "rule[1] has unchanged_since and sha256",
    ),
    "one digest for two files": ("RET009", f'present = ["a", "b"]\nsha256 = "{"0" * 64}"', 3, "is the digest of one file"),
    "half a digest": ("RET009", 'present = ["a"]\nsha256 = "00"', 3, "the 64 hexadecimal digits"),
    "an option for a revision": ("RET009", 'present = ["a"]\nunchanged_since = "--output=x"', 3, "expected a git revision"),
    "an image of nothing": ("RET007", 'image = "Dockerfile"', 0, "rule[1] has neither carries nor runs"),
    "an entry about nothing": ("DOC003", 'entry = "note"\nin = ["log.md"]', 0, "rule[1].about is missing"),
    "a name of a function that is none": ("RET003", 'calls = [1]\nin = ["a"]', 2, "rule[1].calls is wrong"),
}


@pytest.mark.parametrize(("check", "rest", "offset", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_at_the_line(tmp_path, check, rest, offset, message):
    head = f'check = "{check}"\n' if check else ""
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, f"[[rule]]\n{head}{rest}\n")
    assert message in str(caught.value)
    assert f"audit.toml:{FIRST + offset}: " in str(caught.value)


def test_each_mistake_is_reported_once(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, '[[rule]]\ncheck = "RET001"\nabsent = ["a/../b"]\n')
    assert str(caught.value).count("audit.toml:") == 1


def test_every_key_belongs_to_a_verb():
    used = {key for spec in VERBS.values() for key in spec.keys} | set(Verb) | {"check"}
    assert used == set(RULE_KEYS)


def test_the_shortest_rules_are_whole():
    for verb, text in SHORTEST.items():
        keys = tomllib.loads(text).keys()
        assert keys >= {verb.value, *VERBS[verb].required}


def test_the_checks_that_take_rules():
    assert RULE_CHECKS[0] == "CMD001"
    assert {"RET001", "RET009", "DOC006"} <= set(RULE_CHECKS)
