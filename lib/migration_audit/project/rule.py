"""``[[rule]]``: one check, one verb, and what the verb is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from migration_audit.model.location import Location
from migration_audit.project import keys
from migration_audit.project.describe import Example, Table, TablePlace, computed, items, setting, setting_of, table_of
from migration_audit.project.keys import REVISION, WORD, Key
from migration_audit.project.locate import Found, KeyPath
from migration_audit.project.names import name_problems


class Verb(StrEnum):
    """What a rule asks of the files that it names; the key of audit.toml that carries it."""

    ABSENT = "absent"
    PRESENT = "present"
    CALLS = "calls"
    MENTIONS = "mentions"
    DDL = "ddl"
    PACKAGES = "packages"
    IMAGE = "image"
    FIXTURE = "fixture"
    SAYS = "says"
    SAYS_NOT = "says_not"
    DROPS = "drops"
    ENTRY = "entry"
    COMMAND = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbSpec:
    """The keys that a verb allows, and the checks that it applies to."""

    checks: tuple[str, ...]
    key: Key
    """What it takes."""
    doc: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    """Keys of which at most one is allowed."""
    some_of: tuple[str, ...] = ()
    """Keys of which at least one is required."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that the verb allows."""
        return (*self.required, *self.optional, *self.one_of, *self.some_of)


VERBS: Final[Mapping[Verb, VerbSpec]] = {
    Verb.ABSENT: VerbSpec(
        checks=("RET001", "RET002"),
        doc="These paths do not exist. A folder that is empty and git-ignored counts as absent.",
        key=keys.inside_globs("service/migrations"),
    ),
    Verb.PRESENT: VerbSpec(
        checks=("RET009",),
        doc="These paths exist, unchanged since a git revision, or with this SHA-256 (one of the two at most); without "
        "either, contents are not compared.",
        key=keys.inside_globs("service/src/pool.ts"),
        one_of=("unchanged_since", "sha256"),
    ),
    Verb.CALLS: VerbSpec(
        checks=("RET003",),
        doc="Nothing calls these functions, imports their module (which may already be deleted) or runs it in a script.",
        key=keys.texts('a list of names of functions, such as ["migrate", "goose.*"]', r"(?=[\x00-\x7f]*$)"),
        required=("in",),
        optional=("module", "except"),
    ),
    Verb.MENTIONS: VerbSpec(
        checks=("RET004",),
        doc="No identifier, string or template literal contains these names; comments may.",
        key=keys.texts('a list of names, such as ["migrations_applied"]'),
        required=("in",),
        optional=("except",),
    ),
    Verb.DDL: VerbSpec(
        checks=("RET005",),
        doc="No string or template literal, and no .sql file, contains DDL. What a library makes of calls "
        "(createTable, create_all, synchronize) is not text: name its functions in a rule with calls.",
        key=keys.flag("true: these files contain no DDL", allowed=(True,)),
        required=("in",),
        optional=("except",),
    ),
    Verb.PACKAGES: VerbSpec(
        checks=("RET006",),
        doc="None of these libraries is declared or locked: package.json, pnpm-lock.yaml, package-lock.json, "
        "yarn.lock, pyproject.toml, requirements.txt, Pipfile, Pipfile.lock, uv.lock, poetry.lock, pdm.lock, pylock.toml, "
        "go.mod, go.sum, Cargo.lock.",
        key=keys.texts('a list of names of libraries, such as ["node-pg-migrate"]'),
        required=("in",),
        optional=("except",),
    ),
    Verb.IMAGE: VerbSpec(
        checks=("RET007",),
        doc="No stage of this Dockerfile copies a path with a word of carries, and nothing that the image starts runs "
        "a word of runs. Services of [boot] compose that run this image are examined as well, with what they mount.",
        key=keys.inside_path("service/Dockerfile"),
        optional=("context",),
        some_of=("carries", "runs"),
    ),
    Verb.FIXTURE: VerbSpec(
        checks=("RET008",),
        doc="The integration tests load this SQL file, and the comment at its top names the file that it must equal.",
        key=keys.inside_path("service/test/fixtures/schema.sql"),
        required=("loaded_by",),
        optional=("head",),
    ),
    Verb.SAYS: VerbSpec(
        checks=("DOC001", "DOC004", "DOC005", "DOC006"),
        doc="Sentences that the documents must contain; line breaks and emphasis do not matter.",
        key=keys.texts('a list of sentences, such as ["The service never runs DDL."]'),
        required=("in",),
        optional=("section", "if_there", "except"),
    ),
    Verb.SAYS_NOT: VerbSpec(
        checks=("DOC002",),
        doc="Claims that no document may contain.",
        key=keys.texts('a list of claims, such as ["the service\'s migration runner"]'),
        required=("in",),
        optional=("section", "if_there", "except"),
    ),
    Verb.DROPS: VerbSpec(
        checks=("DOC006",),
        doc="Nothing in these files drops these tables.",
        key=keys.texts('a list of names of tables, such as ["migrations_applied"]', item=WORD),
        required=("in",),
        optional=("except",),
    ),
    Verb.ENTRY: VerbSpec(
        checks=("DOC003",),
        doc="The log has an entry of this kind with all of these words.",
        key=keys.text("the kind of entry, such as note"),
        required=("about", "in"),
    ),
    Verb.COMMAND: VerbSpec(
        checks=("CMD001",),
        doc="A command that must succeed: it is run only with --commands; otherwise the JUnit XML that CI wrote is read.",
        key=keys.text("a command, such as pnpm test"),
        optional=("directory", "junit", "time_limit"),
    ),
}

RULE_CHECKS: Final = tuple(sorted({check for spec in VERBS.values() for check in spec.checks}))
"""The checks that a rule can be about."""


def _verb(rule: Table, _: TablePlace) -> Verb:
    return next(verb for verb in Verb if verb in rule)


def _what(rule: Table, place: TablePlace) -> tuple[str, ...]:
    value = rule[_verb(rule, place)]
    if isinstance(value, list):
        return tuple(value)
    return (value,) if isinstance(value, str) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRule:
    """One ``[[rule]]``. Paths and globs are relative to the folder of audit.toml, with ``/``; ``**`` crosses folders."""

    check: str = setting(
        keys.choice(*RULE_CHECKS, expected="a check that takes rules: "), "The check that it belongs to.", required=True
    )
    verb: Verb = computed(_verb)
    what: tuple[str, ...] = setting_of({verb: replace(spec.key, doc=spec.doc) for verb, spec in VERBS.items()}, _what)
    """What the verb is about: paths, names, sentences; one item for a verb that takes one; empty for ``ddl``."""
    module: str | None = setting(keys.inside_path("service/src/db/migrate.ts"), "The file that holds the functions.")
    unchanged_since: str | None = setting(
        keys.pattern(REVISION, "a git revision, such as main"), "A git revision; the paths must be as they were there."
    )
    sha256: str | None = setting(
        keys.pattern(r"[0-9a-fA-F]{64}", "the 64 hexadecimal digits of the file's SHA-256"), "The SHA-256 of the one file."
    )
    context: str | None = setting(keys.inside_path("service"), "The build context. Left out: the Dockerfile's folder.")
    carries: tuple[str, ...] = setting(
        keys.texts('a list of words in paths that no image may contain, such as ["migrations"]'),
        "What no stage may copy or write.",
    )
    runs: tuple[str, ...] = setting(
        keys.texts('a list of words that no step of the image may run, such as ["migrate"]'),
        "What no step, entrypoint, command or script may run.",
    )
    head: str | None = setting(
        keys.text("text of the comment at the top of the fixture"),
        "Text that the comment at the top of the file must contain.",
    )
    loaded_by: tuple[str, ...] = setting(
        keys.inside_globs("service/test/**/*.ts"), "The tests; at least one must load the file."
    )
    about: tuple[str, ...] = setting(
        keys.texts('a list of words that the entry holds, such as ["runner", "retired"]'),
        "Words that the entry must contain.",
    )
    files: tuple[str, ...] = setting(
        keys.inside_globs("service/src/**/*.ts"),
        "Which files to look at. Code: TypeScript, JavaScript, Python, Go, shell, SQL, package.json; "
        "`migration-audit check explain RET003` says what a rule with calls reads in addition.",
        name="in",
    )
    excluded: tuple[str, ...] = setting(
        keys.inside_globs("service/src/generated/**"), "Which of these files to leave out.", name="except"
    )
    section: str | None = setting(
        keys.text("a heading of the document, without its #"), "Only below this heading. Left out: anywhere."
    )
    if_there: bool = setting(
        keys.flag("true where the document may be missing"),
        "true: the rule passes if the document does not exist.",
        default=False,
    )
    directory: str | None = setting(
        keys.inside_path("service"), "The folder in which the command runs. Left out: the folder of this file."
    )
    junit: str | None = setting(
        keys.inside_path("service/reports/junit.xml"), "The JUnit XML that the command wrote on this commit."
    )
    time_limit: int = setting(keys.seconds(), "Seconds that the command may take when the audit runs it.", default=600)
    at: Location = field(compare=False)


def _rule_example(check: str, doc: str = "", **values: str) -> Example:
    named = {"in" if key == "in_" else key.replace("except_", "except"): value for key, value in values.items()}
    return Example(values={"check": f'"{check}"', **named}, doc=doc)


EXAMPLES: Final = (
    _rule_example("RET001", absent='["service/src/db/migrations"]'),
    _rule_example("RET009", present='["service/src/db/pool.ts"]', unchanged_since='"main"'),
    _rule_example("RET009", present='["service/src/db/query.ts"]', sha256=f'"{"0" * 64}"'),
    _rule_example(
        "RET003",
        calls='["migrate"]',
        module='"service/src/db/migrate.ts"',
        in_='["service/src/**/*.ts", "service/test/**/*.ts", "service/package.json"]',
        except_='["service/src/generated/**"]',
    ),
    _rule_example("RET004", mentions='["migrations_applied"]', in_='["service/src/**/*.ts"]'),
    _rule_example(
        "RET005",
        ddl="true",
        in_='["service/src/**/*.ts", "service/**/*.sql"]',
        except_='["service/node_modules/**", "service/test/fixtures/**"]',
    ),
    _rule_example(
        "RET006", packages='["node-pg-migrate", "umzug"]', in_='["service/package.json", "service/pnpm-lock.yaml"]'
    ),
    _rule_example("RET007", image='"service/Dockerfile"', context='"service"', carries='["migrations"]', runs='["migrate"]'),
    _rule_example(
        "RET008",
        fixture='"service/test/fixtures/schema.sql"',
        head='"syncs with `platform/db-init/`"',
        loaded_by='["service/test/**/*.ts"]',
    ),
    _rule_example(
        "DOC001",
        says='["The service never runs DDL."]',
        in_='["docs/service.md"]',
        section='"Schema ownership"',
        if_there="false",
    ),
    _rule_example("DOC002", says_not='["the service\'s migration runner"]', in_='["docs/**/*.md"]'),
    _rule_example(
        "DOC006",
        "The operators' handbook, once it is written, has the one-off clean-up of the unused ledger; nothing else drops it.",
        says='["DROP TABLE service.migrations_applied"]',
        in_='["OPERATIONS.md"]',
        if_there="true",
    ),
    _rule_example(
        "DOC006", drops='["migrations_applied"]', in_='["**/*.sql", "**/*.sh", "docs/**/*.md"]', except_='["OPERATIONS.md"]'
    ),
    _rule_example("DOC003", entry='"note"', about='["migration runner", "retired"]', in_='["docs/log.md"]'),
    _rule_example(
        "CMD001", command='"pnpm test"', directory='"service"', junit='"service/reports/junit.xml"', time_limit="600"
    ),
)

RULE_KEYS: Final = table_of(AuditRule).keys


def rule_problems(tables: Mapping[str, Any]) -> Iterator[Found]:
    """What is wrong with each rule as a whole; keys of a wrong type are reported elsewhere."""
    for position, rule in items(tables, "rule"):
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
            yield (*path, name), f"cannot be combined with {verb}", f"{verb} allows only: {known}"
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
        yield (*path, "sha256"), "is the digest of one file, but present names several", "write one [[rule]] for each file"


def _check(check: Any, verb: Verb, path: KeyPath) -> Iterator[Found]:
    takes = VERBS[verb].checks
    if check in RULE_CHECKS and check not in takes:
        verbs = ", ".join(v for v, spec in VERBS.items() if check in spec.checks)
        yield (*path, "check"), f"{verb} is not a verb of this check", f"expected one of {', '.join(takes)}, or {verbs}"
