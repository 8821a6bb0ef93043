"""The keys of a ``[[rule]]``, and what is wrong with one beyond the types of its keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from migration_audit.project.keys import PREFIX, Key, Leads, flag, integer, pattern, text, texts
from migration_audit.project.locate import KeyPath
from migration_audit.project.rule_names import name_problems
from migration_audit.project.settings_rules import RULE_CHECKS, VERBS, Verb

Found = tuple[KeyPath, str, str]
"""Path of the key, what is wrong, what to do."""

_GLOBS: Final = "a list of paths or glob patterns relative to this file, or NAME:path of a repository, such as"


def _is_relative(path: str) -> bool:
    """``..`` may lead to another repository, and only in front."""
    inside = PREFIX.sub("", path, count=1)
    plain = [part for part in inside.split("/") if part not in {"", "."}]
    above = next((number for number, part in enumerate(plain) if part != ".."), len(plain))
    return not inside.startswith(("/", "~")) and ".." not in plain[above:] and "\\" not in inside


def _paths(example: str) -> Key:
    return texts(f'{_GLOBS} ["{example}"]', item=_is_relative, leads=Leads.FROM_HERE)


def _path(example: str) -> Key:
    return Key(
        expected=f"a path relative to this file, or NAME:path of a repository, such as {example}",
        accepts=lambda value: isinstance(value, str) and bool(value.strip()) and value.isprintable() and _is_relative(value),
        leads=Leads.FROM_HERE,
    )


RULE_KEYS: Final[Mapping[str, Key]] = {
    "check": Key(
        expected=f"a check that takes rules: one of {', '.join(RULE_CHECKS)}",
        accepts=lambda value: value in RULE_CHECKS,
        required=True,
        choices=RULE_CHECKS,
    ),
    "absent": _paths("service/migrations"),
    "present": _paths("service/src/pool.ts"),
    "calls": texts('a list of names of functions, such as ["migrate", "goose.*"]', item=str.isascii),
    "mentions": texts('a list of names, such as ["migrations_applied"]'),
    "ddl": flag("true: these files hold no DDL", allowed=(True,)),
    "packages": texts('a list of names of libraries, such as ["node-pg-migrate"]'),
    "image": _path("service/Dockerfile"),
    "fixture": _path("service/test/fixtures/schema.sql"),
    "says": texts('a list of sentences, such as ["The service never runs DDL."]'),
    "says_not": texts('a list of claims, such as ["the service\'s migration runner"]'),
    "drops": texts('a list of names of tables, such as ["migrations_applied"]', item=str.isidentifier),
    "entry": text("the kind of entry, such as note"),
    "command": text("a command, such as pnpm test"),
    "in": _paths("service/src/**/*.ts"),
    "except": _paths("service/src/generated/**"),
    "module": _path("service/src/db/migrate.ts"),
    "unchanged_since": pattern(r"[\w@][\w./@{}^~-]*", "a git revision, such as main"),
    "sha256": pattern(r"[0-9a-fA-F]{64}", "the 64 hexadecimal digits of the file's SHA-256"),
    "context": _path("service"),
    "carries": texts('a list of words in paths that no image may carry, such as ["migrations"]'),
    "runs": texts('a list of words that no step of the image may run, such as ["migrate"]'),
    "head": text("what the comment at the top of the fixture says"),
    "loaded_by": _paths("service/test/**/*.ts"),
    "section": text("a heading of the document, without its #"),
    "if_there": flag("true where the document may be missing"),
    "about": texts('a list of words that the entry holds, such as ["runner", "retired"]'),
    "directory": _path("service"),
    "junit": _path("service/reports/junit.xml"),
    "time_limit": integer(minimum=1, expected="a whole number of seconds, at least 1"),
}


def rule_problems(tables: Mapping[str, Any]) -> Iterator[Found]:
    """What is wrong with each rule as a whole; keys of a wrong type are told elsewhere."""
    rules = tables.get("rule")
    for position, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, dict):
            yield from _rule(rule, ("rule", position))


def _rule(rule: Mapping[str, Any], path: KeyPath) -> Iterator[Found]:
    verbs = [verb for verb in Verb if verb.value in rule]
    if len(verbs) != 1:
        has = f"has {' and '.join(verbs)}" if verbs else "has no verb"
        yield path, has, f"expected exactly one of {', '.join(Verb)}: write one [[rule]] for each"
        return
    (verb,) = verbs
    yield from _check(rule.get("check"), verb, path)
    spec = VERBS[verb]
    for name in rule:
        if name in RULE_KEYS and name not in {"check", verb.value, *spec.keys}:
            known = ", ".join(spec.keys) or "nothing else"
            yield (*path, name), f"does not go with {verb}", f"beside {verb} there may be: {known}"
    for name in spec.required:
        if name not in rule:
            yield (*path, name), f"is missing, expected {RULE_KEYS[name].expected}", f"add it to this rule of {verb}"
    both = [name for name in spec.one_of if name in rule]
    if len(both) > 1:
        yield path, f"has {' and '.join(both)}", "expected one of them at most"
    if spec.some_of and not any(name in rule for name in spec.some_of):
        yield path, f"has neither {' nor '.join(spec.some_of)}", "expected one of them at least"
    for (name, position), what, todo in name_problems(rule):
        yield (*path, name, position), what, todo
    if "sha256" in rule and isinstance(rule.get("present"), list) and len(rule["present"]) != 1:
        yield (*path, "sha256"), "is the digest of one file, and present names several", "write one [[rule]] for each file"


def _check(check: Any, verb: Verb, path: KeyPath) -> Iterator[Found]:
    takes = VERBS[verb].checks
    if check in RULE_CHECKS and check not in takes:
        verbs = ", ".join(v for v, spec in VERBS.items() if check in spec.checks)
        yield (*path, "check"), f"{verb} is not a verb for this check", f"expected one of {', '.join(takes)}, or {verbs}"
