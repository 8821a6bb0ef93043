"""Texts, options and comments in SQL that is written to a file: no name may end a quotation or a comment."""

from __future__ import annotations

from migration_audit.model.identifiers import LINE_END, dollar_tag, leading_name, literal, parts_of, sql_name


def role_name(role: str) -> str:
    """A role as GRANT and POLICY name it: ``PUBLIC`` is everybody."""
    return "PUBLIC" if role == "PUBLIC" else sql_name(role)


def routine_name(signature: str) -> str:
    """A routine as statements call it, of what ``regprocedure`` prints.

    >>> routine_name('public.order(integer)'), routine_name('s."a (b"("a (b".t)')
    ('public."order"', 's."a (b"')
    """
    return sql_name(*parts_of(signature))


def operator_name(signature: str) -> str:
    """The same of an operator and ``regoperator``, as ``OPERATOR(…)``.

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


def foreign_options(options: tuple[str, ...]) -> str:
    """Options of a foreign table or column as OPTIONS takes them."""
    return ", ".join(f"{sql_name(key)} {literal(value)}" for key, _, value in (option.partition("=") for option in options))
