"""Exit code 1 is a verdict: whatever goes wrong otherwise ends with another one, and says what happened."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from migration_audit.cli.group import Commands
from migration_audit.cli.main import main
from migration_audit.model.errors import AuditError, SignoffError, UsageError

ENDS: dict[str, tuple[BaseException, int, str]] = {
    "our own": (AuditError("cannot be read", where="x", todo="look"), 3, "x: cannot be read"),
    "wrong usage": (UsageError("which run?", where="sign"), 2, "which run?"),
    "not signed": (SignoffError("is not signed", where="x"), 4, "is not signed"),
    "no inode left": (
        OSError(28, "No space left on device", "/tmp/x"),
        3,
        "/tmp/x: cannot be read or written: No space left",
    ),
    "a file that is gone": (FileNotFoundError(2, "No such file or directory", "a.toml"), 3, "a.toml: cannot be read or"),
    "interrupted": (KeyboardInterrupt(), 3, "interrupted"),
    "a mistake of ours": (ZeroDivisionError("x"), 3, "internal error in migration-audit; no verdict was reached"),
    "out of memory": (MemoryError(), 3, "internal error"),
    "too deep": (RecursionError(), 3, "internal error"),
}


@pytest.mark.parametrize("name", ENDS)
def test_an_error_is_no_verdict(name: str) -> None:
    error, code, sentence = ENDS[name]

    @click.group(cls=Commands)
    def group() -> None:
        """Commands."""

    @group.command()
    def fail() -> None:
        raise error

    ended = CliRunner().invoke(group, ["fail"])
    assert (ended.exit_code, sentence in ended.output) == (code, True), ended.output


@pytest.mark.parametrize("group", [main, *(each for each in main.commands.values() if isinstance(each, click.Group))])
def test_help_has_the_sentences_of_all_commands_in_full(group: click.Group) -> None:
    shown = " ".join(CliRunner().invoke(group, ["--help"], terminal_width=60).output.split())
    assert "..." not in shown.partition("Commands:")[2]
    assert all(command.get_short_help_str(1000) in shown for command in group.commands.values())
