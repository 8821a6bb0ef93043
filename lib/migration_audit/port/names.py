"""Texts, options and comments in SQL that is written to a file: no name may end a quotation or a comment."""

from __future__ import annotations

from migration_audit.model import access, operators, other_servers, relations, routines
from migration_audit.model.identifiers import LINE_END, dollar_tag, leading_name, literal, sql_name
from migration_audit.model.objects import CatalogObject, InSchema, Named, OnTable
from migration_audit.model.timescale import ContinuousAggregate, Hypertable, OfHypertable

_WORDS: dict[type[CatalogObject], str] = {
    relations.Sequence: "SEQUENCE",
    relations.Index: "INDEX",
    relations.View: "VIEW",
    relations.MaterializedView: "MATERIALIZED VIEW",
    ContinuousAggregate: "VIEW",
    routines.ExtendedStatistics: "STATISTICS",
    operators.Conversion: "CONVERSION",
    operators.Collation: "COLLATION",
    operators.TextSearchParser: "TEXT SEARCH PARSER",
    operators.TextSearchTemplate: "TEXT SEARCH TEMPLATE",
    operators.TextSearchDictionary: "TEXT SEARCH DICTIONARY",
    operators.TextSearchConfiguration: "TEXT SEARCH CONFIGURATION",
    routines.Extension: "EXTENSION",
    routines.Schema: "SCHEMA",
    operators.Language: "LANGUAGE",
    operators.AccessMethod: "ACCESS METHOD",
    routines.EventTrigger: "EVENT TRIGGER",
    other_servers.ForeignDataWrapper: "FOREIGN DATA WRAPPER",
    other_servers.ForeignServer: "SERVER",
    other_servers.Publication: "PUBLICATION",
    other_servers.Subscription: "SUBSCRIPTION",
    access.Role: "ROLE",
    access.Tablespace: "TABLESPACE",
    relations.Constraint: "CONSTRAINT",
    routines.Trigger: "TRIGGER",
    routines.RowPolicy: "POLICY",
    routines.RewriteRule: "RULE",
}
"""What statements call a kind that goes by its name, its schema and name, or its table and name."""


def role_name(role: str) -> str:
    """A role as GRANT and POLICY name it: ``PUBLIC`` is everybody."""
    return "PUBLIC" if role == "PUBLIC" else sql_name(role)


def operator_name(signature: str) -> str:
    """An operator as statements call it, ``OPERATOR(…)``, of what ``regoperator`` prints.

    >>> operator_name("<(integer,integer)"), operator_name('"a (b".===("a (b".t,integer)')
    ('OPERATOR(<)', 'OPERATOR("a (b".===)')
    """
    schema, rest = leading_name(signature)
    return f"OPERATOR({sql_name(*schema)}{rest.partition('(')[0]})"


def joined_lines(text: str) -> str:
    """The same text without line ends."""
    return " ".join(LINE_END.sub(" ", text).split())


def guarded(condition: str, *statements: str) -> str:
    """A DO block that runs the statements where the condition holds; the statements carry no semicolons."""
    body = "".join(f"    {statement};\n" for statement in statements)
    block = f"BEGIN\n  IF {condition} THEN\n{body}  END IF;\nEND\n"
    tag = dollar_tag(block)
    return f"DO {tag}\n{block}{tag};"


def unless_exists(rows: str, *statements: str) -> str:
    """A DO block that runs the statements where ``pg_catalog`` lacks such rows: ``pg_roles WHERE rolname = 'app'``."""
    return guarded(f"NOT EXISTS (SELECT FROM pg_catalog.{rows})", *statements)


def regclass(key: str) -> str:
    """``'schema.table'::regclass`` of a relation's SQL name."""
    return f"{literal(key)}::pg_catalog.regclass"


def with_options(options: tuple[str, ...]) -> str:
    """Storage parameters as WITH and SET take them."""
    return ", ".join(f"{key} = {literal(value)}" for key, _, value in (option.partition("=") for option in options))


def option_actions(expected: tuple[str, ...], actual: tuple[str, ...]) -> list[str]:
    """``SET (…)`` for what is set otherwise and ``RESET (…)`` for what only the other side sets."""
    gone = {option.partition("=")[0] for option in actual} - {option.partition("=")[0] for option in expected}
    actions = [f"SET ({with_options(expected)})"] if expected else []
    return actions + ([f"RESET ({', '.join(sorted(gone))})"] if gone else [])


REDACTED = "(redacted)"


def may_be_secret(options: tuple[str, ...]) -> bool:
    """Whether a value among these options was not read, as it may be a secret."""
    return any(REDACTED in option for option in options)


def foreign_options(options: tuple[str, ...]) -> str:
    """``OPTIONS (…)`` of a foreign table, column, server, wrapper or user mapping."""
    pairs = (option.partition("=") for option in options)
    return f"OPTIONS ({', '.join(f'{sql_name(key)} {literal(value)}' for key, _, value in pairs)})"


def qualified(obj: InSchema) -> str:
    """``schema.name`` as SQL."""
    return sql_name(obj.schema, obj.name)


def table_of(obj: OnTable | Hypertable | OfHypertable) -> str:
    """``schema.table`` of what is on a table, as SQL."""
    return sql_name(obj.schema, obj.table)


def address(obj: CatalogObject) -> str | None:
    """The object as COMMENT ON names it; None for what has no comment."""
    word = _WORDS.get(type(obj))
    match obj:
        case OnTable() if word:
            return f"{word} {sql_name(obj.name)} ON {table_of(obj)}"
        case InSchema() if word:
            return f"{word} {qualified(obj)}"
        case Named() if word:
            return f"{word} {sql_name(obj.name)}"
    return _special_address(obj)


def _special_address(obj: CatalogObject) -> str | None:  # noqa: PLR0911  one for each kind
    match obj:
        case relations.Table():
            return f"{'FOREIGN TABLE' if obj.relation == 'foreign table' else 'TABLE'} {qualified(obj)}"
        case relations.Column():
            return f"COLUMN {sql_name(obj.schema, obj.table, obj.name)}"
        case routines.Routine():
            return f"{routine_word(obj)} {qualified(obj)}({obj.arguments})"
        case operators.Aggregate():
            return f"AGGREGATE {qualified(obj)}({obj.arguments or '*'})"
        case routines.UserType():
            return f"{'DOMAIN' if obj.category == 'domain' else 'TYPE'} {qualified(obj)}"
        case operators.Operator():
            return f"OPERATOR {sql_name(obj.schema)}.{obj.name} ({obj.left}, {obj.right})"
        case operators.OperatorClass() | operators.OperatorFamily():
            return f"{obj.kind.upper()} {qualified(obj)} USING {sql_name(obj.method)}"
        case operators.Cast():
            return f"CAST ({obj.source} AS {obj.target})"
        case operators.Transform():
            return f"TRANSFORM FOR {obj.type} LANGUAGE {sql_name(obj.language)}"
    return None


def owner_address(obj: CatalogObject) -> str | None:
    """The object as ``ALTER … OWNER TO`` names it; None where the owner follows another object."""
    if isinstance(obj, relations.Sequence) and obj.owned_by:
        return None
    if isinstance(obj, ContinuousAggregate):
        return f"MATERIALIZED VIEW {qualified(obj)}"
    return address(obj)


def grant_address(obj: CatalogObject) -> str | None:
    """The object as ``GRANT … ON`` names it; None for what has no privileges of its own in a statement."""
    match obj:
        case relations.Table() | relations.View() | relations.MaterializedView() | ContinuousAggregate():
            return f"TABLE {qualified(obj)}"
        case operators.Aggregate():
            return f"FUNCTION {qualified(obj)}({obj.arguments})"
        case routines.UserType():
            return f"TYPE {qualified(obj)}"
        case other_servers.ForeignServer():
            return f"FOREIGN SERVER {sql_name(obj.name)}"
        case access.ParameterPrivileges():
            return f"PARAMETER {sql_name(*obj.name.split('.'))}"
    return address(obj)


def routine_word(routine: routines.Routine) -> str:
    """``FUNCTION`` or ``PROCEDURE``."""
    return "PROCEDURE" if routine.definition.startswith("CREATE OR REPLACE PROCEDURE") else "FUNCTION"
