"""What a ``[[rule]]`` of audit.toml says: one check, one verb, and what the verb is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from migration_audit.model.location import Location


class Verb(StrEnum):
    """What a rule asks of the files that it names; the key of audit.toml that carries it."""

    ABSENT = "absent"
    """These paths are gone; a folder that is empty and git-ignored counts as gone."""
    PRESENT = "present"
    """These paths are there, and as they were where the rule says since when."""
    CALLS = "calls"
    """These functions are not called, their module not imported, and no script runs it."""
    MENTIONS = "mentions"
    """These names stand in no identifier and no literal."""
    DDL = "ddl"
    """No literal and no .sql file holds DDL."""
    PACKAGES = "packages"
    """These libraries are neither declared nor locked."""
    IMAGE = "image"
    """The image carries and runs none of these."""
    FIXTURE = "fixture"
    """This SQL file is what the integration tests load, and its head says so."""
    SAYS = "says"
    """These sentences stand in the documents."""
    SAYS_NOT = "says_not"
    """These claims stand in none of the documents."""
    DROPS = "drops"
    """Nothing in these files drops these tables."""
    ENTRY = "entry"
    """The log has an entry of this kind."""
    COMMAND = "command"
    """This command succeeds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbSpec:
    """What may stand beside a verb, and which checks it can speak for."""

    checks: tuple[str, ...]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    """Keys of which at most one may stand there."""
    some_of: tuple[str, ...] = ()
    """Keys of which at least one must stand there."""

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key that may stand beside the verb."""
        return (*self.required, *self.optional, *self.one_of, *self.some_of)


VERBS: dict[Verb, VerbSpec] = {
    Verb.ABSENT: VerbSpec(checks=("RET001", "RET002")),
    Verb.PRESENT: VerbSpec(checks=("RET009",), one_of=("unchanged_since", "sha256")),
    Verb.CALLS: VerbSpec(checks=("RET003",), required=("in",), optional=("module", "except")),
    Verb.MENTIONS: VerbSpec(checks=("RET004",), required=("in",), optional=("except",)),
    Verb.DDL: VerbSpec(checks=("RET005",), required=("in",), optional=("except",)),
    Verb.PACKAGES: VerbSpec(checks=("RET006",), required=("in",), optional=("except",)),
    Verb.IMAGE: VerbSpec(checks=("RET007",), optional=("context",), some_of=("carries", "runs")),
    Verb.FIXTURE: VerbSpec(checks=("RET008",), required=("loaded_by",), optional=("head",)),
    Verb.SAYS: VerbSpec(
        checks=("DOC001", "DOC004", "DOC005", "DOC006"), required=("in",), optional=("section", "if_there", "except")
    ),
    Verb.SAYS_NOT: VerbSpec(checks=("DOC002",), required=("in",), optional=("section", "if_there", "except")),
    Verb.DROPS: VerbSpec(checks=("DOC006",), required=("in",), optional=("except",)),
    Verb.ENTRY: VerbSpec(checks=("DOC003",), required=("about", "in")),
    Verb.COMMAND: VerbSpec(checks=("CMD001",), optional=("directory", "junit", "time_limit")),
}

RULE_CHECKS: tuple[str, ...] = tuple(sorted({check for spec in VERBS.values() for check in spec.checks}))
"""The checks that a rule can be about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One ``[[rule]]``. Paths and globs are relative to the folder of audit.toml, with ``/``; ``**`` crosses folders."""

    check: str
    verb: Verb
    what: tuple[str, ...]
    """What the verb is about: paths, names, sentences; one item for a verb that takes one; empty for ``ddl``."""
    files: tuple[str, ...] = ()
    """``in``: globs of the files to look at."""
    excluded: tuple[str, ...] = ()
    """``except``: globs of files that ``in`` names and the rule does not mean."""
    module: str | None = None
    """``calls``: the file that holds the functions."""
    unchanged_since: str | None = None
    """``present``: a git revision."""
    sha256: str | None = None
    """``present``: the digest (hex) of the one file."""
    context: str | None = None
    """``image``: the build context; None for the Dockerfile's folder."""
    carries: tuple[str, ...] = ()
    """``image``: what no stage may copy or write."""
    runs: tuple[str, ...] = ()
    """``image``: what no step, entrypoint, command or script may run."""
    head: str | None = None
    """``fixture``: what the comment at its top says."""
    loaded_by: tuple[str, ...] = ()
    """``fixture``: globs of the tests, of which one must load it."""
    section: str | None = None
    """``says`` and ``says_not``: the heading below which to look; None for the whole document."""
    if_there: bool = False
    """``says`` and ``says_not``: a document that does not exist is fine."""
    about: tuple[str, ...] = ()
    """``entry``: words that the entry holds."""
    directory: str | None = None
    """``command``: where it runs; None for the folder of audit.toml."""
    junit: str | None = None
    """``command``: the JUnit XML that it wrote on this commit."""
    time_limit: int = 600
    """``command``: seconds that it may take when the audit runs it."""
    at: Location = field(compare=False)
