"""Options and storage parameters as SQL."""

from __future__ import annotations

from migration_audit.model.identifiers import literal, sql_name


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
