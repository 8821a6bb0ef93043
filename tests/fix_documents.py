"""Documents, rules about them and results of commands, as the checks get them."""

from __future__ import annotations

from typing import Any

from migration_audit.artifacts.documents.markdown import parse_document, parse_statement, read_section
from migration_audit.model.documents import CommandResult, CommandState, Document, DocumentRule, DropRule, TableDrop
from migration_audit.model.location import Location

AT = Location("audit.toml", 70)
SENTENCE = (
    "Processor never runs DDL. Schema is exclusively owned by Directus "
    "(snapshot.yaml + `db-init/` for things the snapshot can't express)."
)
PAGE = f"# Processor\n\n## Schema ownership vs. write access\n\n{SENTENCE}\n\n## Operations\n\nIt has probes.\n"
LOG = "# Log\n\n## [2026-05-02] note | Migration runner retired\n\n[[directus]] owns the schema.\n"


def document(text: str, path: str = "docs/processor.md") -> Document:
    return parse_document(text, path=path)


def document_rule(check: str, verb: str, sought: Any, *documents: Document | str, **given: Any) -> DocumentRule:
    """A rule about documents; a document may be given as its text."""
    read = tuple(each if isinstance(each, Document) else document(each) for each in documents)
    texts = (sought,) if isinstance(sought, str) else tuple(sought)
    section = given.pop("section", None)
    about = given.pop("about", ())
    return DocumentRule(
        check=check,
        verb=verb,
        at=AT,
        sought=tuple(parse_statement(text) for text in texts),
        documents=read,
        section=read_section(section) if section else None,
        about=tuple(parse_statement(text) for text in about),
        **given,
    )


def drop_rule(*drops: tuple[str, str, int], **given: Any) -> DropRule:
    """A rule about a ledger; each drop is table, path and line."""
    found = tuple(TableDrop(table=t, at=Location(p, n), text=f"DROP TABLE {t}") for t, p, n in drops)
    return DropRule(**{"check": "DOC006", "at": AT, "tables": ("migrations_applied",), "drops": found, "files": 3, **given})


def command(state: CommandState = CommandState.SUCCEEDED, **given: Any) -> CommandResult:
    defaults = {"command": "pnpm test", "directory": "processor", "at": AT, "state": state, "summary": "exit code 0"}
    return CommandResult(**{**defaults, **given})


DOCUMENT_RULES = (
    document_rule("DOC001", "says", SENTENCE, PAGE, section="Schema ownership vs. write access"),
    document_rule("DOC002", "says_not", "owned by [[processor]]'s migration runner", PAGE),
    document_rule("DOC003", "entry", "note", document(LOG, "docs/log.md"), about=("migration runner", "retire")),
    document_rule(
        "DOC004", "says", "Migration runner retired in Phase 3 task 3.5", "Migration runner retired in Phase 3 task 3.5."
    ),
    document_rule("DOC005", "says", "Without Directus", "## Without Directus\n\nRun `pnpm db:bootstrap`."),
)
"""Rules in whose documents nothing is wrong."""
