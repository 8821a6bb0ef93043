"""What commands have in common: options, and how each ends where something goes wrong: not with a verdict's exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migration_audit.cli.output import prepare_streams, say
from migration_audit.cli.terminal import write_error
from migration_audit.model.errors import AuditError, UsageError

if TYPE_CHECKING:
    from migration_audit.signoff import Authority

Option = Callable[[Any], Any]

config_option = click.option(
    "--config", type=click.Path(path_type=Path), help="audit.toml; by default the nearest one in this folder or above."
)
_policy_options = (
    config_option,
    click.option("--policy-from", metavar="REV", help="Read policy and keys from this git revision: origin/main."),
    click.option(
        "--allowed-signers",
        type=click.Path(path_type=Path, dir_okay=False),
        help="Reviewers' keys, instead of the policy's file; cannot be combined with a revision.",
    ),
)
_signer_options = (
    click.option("--as", "reviewer", required=True, metavar="IDENTITY", help="Who signs: the name in allowed_signers."),
    click.option(
        "--key",
        required=True,
        metavar="FILE",
        help="A private key, the public key of one in the agent or in hardware, or the word agent.",
    ),
)
producer_key_option = click.option(
    "--producer-key",
    type=click.Path(path_type=Path),
    envvar="MIGRATION_AUDIT_PRODUCER_KEY",
    help="Sign the statement of each run with this private key, if [policy] names producers.",
)
repositories_option = click.option(
    "--repository",
    "repositories",
    multiple=True,
    metavar="NAME=PATH[@REV]",
    help="Location and protected branch of a repository in audit.toml; default: its path and policy_from.",
)
environments_option = click.option(
    "--env", "environments", multiple=True, metavar="NAME", help="Only this environment; can be repeated."
)
yes_option = click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
direction_option = click.option(
    "--direction",
    type=click.Choice(["covers", "equal"]),
    default="covers",
    show_default=True,
    help="covers: the actual side may have more; equal: it may not.",
)


def policy_options(command: Any) -> Any:
    """``--config``, ``--policy-from`` and ``--allowed-signers``."""
    return _all_of(_policy_options, command)


def signer_options(command: Any) -> Any:
    """``--as`` and ``--key``."""
    return _all_of(_signer_options, command)


def _all_of(options: tuple[Option, ...], command: Any) -> Any:
    for option in reversed(options):
        command = option(command)
    return command


def format_option(*forms: str) -> Option:
    """``--format``; the first of the forms is the default."""
    return click.option("--format", "form", type=click.Choice(forms), default=forms[0], show_default=True)


def out_option(default: str | None = None, *, text: str | None = None) -> Option:
    """``--out``, the folder to write into; ``text`` says where that is without a default."""
    kind = click.Path(path_type=Path, file_okay=False)
    given: dict[str, Any] = {} if default is None else {"default": Path(default), "show_default": True}
    return click.option("--out", type=kind, help=text, **given)


def number_option(name: str, text: str, *, default: int | None = None, metavar: str = "NUMBER") -> Option:
    """A whole number, at least 1."""
    given: dict[str, Any] = {} if default is None else {"default": default, "show_default": True}
    return click.option(name, type=click.IntRange(min=1), metavar=metavar, help=text, **given)


def confirmed(question: str, *, where: str) -> bool:
    """Whether the person at the terminal says yes. Raises UsageError, which names ``where``, without a terminal."""
    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to confirm on", where=where, todo="sign in a terminal, or add --yes")
    return click.confirm(question)


def accepted(authority: Authority) -> Authority:
    """The authority, with a warning where a proposal could change it; raises SignoffError for that in a pipeline."""
    authority.check_for_ci(os.environ)
    if authority.caution:
        say(authority.caution)
    return authority


class CommandGroup(click.Group):
    """A group whose help has the first sentence of each command in full."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands; the framework cuts sentences off at the width of the terminal."""
        rows = [(name, self.commands[name].get_short_help_str(limit=1000)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class Commands(CommandGroup):
    """A group whose commands end with one clear sentence and the right exit code, whatever went wrong."""

    def main(self, *args: Any, **options: Any) -> Any:
        """Run the command line; what the framework itself says of it goes through the same streams."""
        prepare_streams()
        return super().main(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; our own errors become their text and their exit code."""
        try:
            _check_folder()
            return super().invoke(ctx)
        except AuditError as error:
            write_error(f"migration-audit: {error}")
            ctx.exit(error.exit_code)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            click.echo("migration-audit: interrupted; checks not shown above are undecided", err=True)
            ctx.exit(3)
        except OSError as error:
            if error.filename is None:
                self._output_lost(error)
            else:
                what = AuditError(
                    f"cannot be read or written: {error.strerror}",
                    where=str(error.filename),
                    todo="check the disk (space, inodes, TMPDIR) and permissions; no verdict was reached",
                )
                write_error(f"migration-audit: {what}")
            ctx.exit(3)
        except Exception:  # exit code 1 means "audited, and it blocks", which a crash must never say
            traceback.print_exc()
            click.echo("migration-audit: internal error in migration-audit; no verdict was reached", err=True)
            ctx.exit(3)

    def _output_lost(self, error: OSError) -> None:
        """The result did not reach the user; what is still buffered is discarded."""
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # who closes a pipe has read enough
            click.echo(f"migration-audit: the output cannot be written: {error.strerror}", err=True)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of a first visit, not of the alphabet."""
        return list(self.commands)


def _check_folder() -> None:
    """Raise UsageError in a folder that was removed, from which no path leads anywhere."""
    try:
        Path.cwd()
    except FileNotFoundError:
        raise UsageError(
            "the current folder was removed", todo="change to one that exists (cd), and call it again"
        ) from None
