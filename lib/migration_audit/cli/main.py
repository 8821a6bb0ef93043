"""``migration-audit``: every command is a few lines over a function that does the work."""

from __future__ import annotations

import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

import click

from migration_audit import __version__
from migration_audit.cli.fleet import fleet
from migration_audit.cli.group import (
    Commands,
    config_option,
    direction_option,
    environments_option,
    format_option,
    number_option,
    out_option,
    policy_options,
    producer_key_option,
    repositories_option,
    signer_options,
    yes_option,
)
from migration_audit.cli.output import say
from migration_audit.cli.pages import check, server, source_format
from migration_audit.cli.terminal import color_option
from migration_audit.model.progress import STATEMENT_TIMEOUT


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@color_option
@click.version_option(__version__, prog_name="migration-audit")
def main() -> None:
    """Audit what would be lost if a migration runner were deleted, before it is.

    \b
    Exit codes:
      0  audited, and nothing blocks
      1  audited, and something blocks
      2  wrong usage, or an invalid audit.toml
      3  could not audit
      4  not signed, or the files differ from what was signed
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup means it
            signal.signal(number, _terminated)


def _terminated(_number: int, _frame: FrameType | None) -> None:
    """Unwinds the stack like Ctrl-C, so that every server is stopped and every unfinished file removed."""
    raise KeyboardInterrupt


_OUT = out_option(text="Report folder; default: from audit.toml.")
_PHASE = click.option(
    "--phase",
    type=click.Choice(["preflight", "retired"]),
    default="preflight",
    show_default=True,
    help="preflight: before the deletion; retired: after it.",
)


@main.command()
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False), default=Path())
@click.option("--notebooks", is_flag=True, help="Also copy the notebooks, for you to change.")
@click.option(
    "--detect",
    is_flag=True,
    help="Look for migrations and settings in DIRECTORY and the projects next to it, and write what is recognised.",
)
@click.option("--schema", is_flag=True, help="Write the JSON Schema only, such as after an upgrade.")
def init(directory: Path, notebooks: bool, detect: bool, schema: bool) -> None:
    """Write a commented audit.toml into DIRECTORY, and its JSON Schema.

    Editors complete and check audit.toml by the schema.

    No audit.toml and no notebook is
    overwritten: with --notebooks, an existing audit.toml stays as it is.
    """
    from migration_audit.cli.setup import initialise  # noqa: PLC0415
    from migration_audit.project import write_schema  # noqa: PLC0415

    if schema:
        click.echo(f"wrote {write_schema(directory)}")
        return
    click.echo("\n".join(initialise(directory, notebooks=notebooks, detect=detect)))


@main.command()
@out_option("reports")
def demo(out: Path) -> None:
    """Audit the bundled example.

    Builds three real databases with different histories on a private server and audits them; then one of them again, as it
    would be after the deletion.
    """
    from migration_audit.cli.audit import run_demo  # noqa: PLC0415

    run_demo(out=out, progress=say)


@main.command()
@environments_option
@_PHASE
@_OUT
@click.option("--commands", is_flag=True, help="Execute the acceptance commands of audit.toml (CMD001), here and now.")
@click.option(
    "--pdf", is_flag=True, help="Print each report to a PDF next to its folder, with the Chromium of this machine."
)
@producer_key_option
@format_option("text", "json")
@color_option
@config_option
def run(phase: str, **how: Any) -> None:
    """Audit the environments and write a report for each.

    Prints each verdict, each blocker, and which checks have other findings.
    """
    from migration_audit.cli.audit import run_project  # noqa: PLC0415
    from migration_audit.model.finding import Phase  # noqa: PLC0415

    sys.exit(run_project(phase=Phase(phase), progress=say, **how))


_PLACEHOLDER = click.option(
    "--placeholder",
    "placeholders",
    multiple=True,
    metavar="NAME=VALUE",
    help="Value that the runner puts into the SQL: Flyway's ${NAME}; can be repeated.",
)
_VARIABLE = click.option(
    "--variable",
    "variables",
    multiple=True,
    metavar="NAME=VALUE",
    help="Variable of psql, as psql -v sets it: :NAME; can be repeated.",
)

_STATEMENT_TIMEOUT = number_option(
    "--statement-timeout",
    "Time limit for one SQL statement, in seconds; the limit for a file is six times as long.",
    default=STATEMENT_TIMEOUT,
    metavar="SECONDS",
)


@main.command()
@click.argument("expected")
@click.argument("actual")
@direction_option
@format_option("text", "json", "sql")
@click.option("--no-cross-check", is_flag=True, help="Do not cross-check two SQL sides with pg_dump.")
@_PLACEHOLDER
@_VARIABLE
@_STATEMENT_TIMEOUT
@config_option
def compare(expected: str, actual: str, **how: Any) -> None:
    """Check whether ACTUAL has everything that EXPECTED has.

    A side is a .sql file, a folder of them, several joined by +, a saved snapshot (.json), env:NAME of a variable that
    holds a PostgreSQL URL, service:NAME of pg_service.conf, or a PostgreSQL URL without a password. The format of a
    migration runner goes in front of its folder: flyway:db/migration.

    A placeholder or variable applies to both sides; expected:NAME=VALUE and actual:NAME=VALUE to one of them. The command
    line is visible to all users of this machine: do not pass secrets.
    """
    from migration_audit.cli.compare import compare_sides  # noqa: PLC0415

    sys.exit(compare_sides(expected, actual, progress=say, **how))


@main.command()
@click.argument("source")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="File to write; default: stdout.")
@_PLACEHOLDER
@_VARIABLE
@_STATEMENT_TIMEOUT
def snapshot(source: str, output: Path | None, **values: Any) -> None:
    """Save the catalog of SOURCE as JSON.

    SOURCE is anything that compare accepts as a side.
    """
    from migration_audit.cli.compare import save_side  # noqa: PLC0415

    save_side(source, output, progress=say, **values)


@main.command()
@click.option("--role", default="auditor", show_default=True, metavar="NAME", help="The role that the environments name.")
@config_option
def grants(role: str, config: Path | None) -> None:
    """Print the smallest rights that this audit needs, as SQL.

    For each right: what it is used to read, and which checks cannot decide without it. Connects to no database: an
    administrator runs the SQL in each database, as the owner of the objects.
    """
    from migration_audit.cli.setup import print_grants  # noqa: PLC0415

    print_grants(config, role=role)


main.add_command(check)
main.add_command(source_format)


@main.command()
@click.argument("run", metavar="[RUN]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--from",
    "archive",
    metavar="FILE.zip",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Archive with the run from a CI system; it is unpacked into the report folder first.",
)
@signer_options
@click.option("--decision", type=click.Choice(["approve", "reject", "withdraw"]), default="approve", show_default=True)
@click.option("--withdraw", "decision", flag_value="withdraw", help="The same as --decision withdraw.")
@click.option("--comment", default="", metavar="TEXT", help="What the other reviewers should know.")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Last day on which the decision is valid: 2027-01-31.",
)
@yes_option
@policy_options
def sign(run: Path | None, expires: datetime | None, **how: Any) -> None:
    """Sign the evidence of RUN, a folder written by `run`.

    Shows what will be signed first. The first signature moves the run to reports/signed/. If RUN is the folder of an
    environment, its newest run is signed. With --from, RUN is only needed where the archive holds several.
    """
    from migration_audit.cli.sign import sign_run  # noqa: PLC0415

    sign_run(run, expires=expires, **how)


@main.command()
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True))
@click.option("--page", is_flag=True, help="First write signed-off.html again.")
@click.option(
    "--intact", is_flag=True, help="Check files and signatures only, not whether they are sufficient; for a pre-commit hook."
)
@policy_options
def verify(runs: tuple[Path, ...], **how: Any) -> None:
    """Verify the files and signatures of signed runs.

    RUN is a signed run or a file in it. Works offline. Prints what was verified, and whether it is true.
    """
    from migration_audit.cli.verify import verify_runs  # noqa: PLC0415

    sys.exit(verify_runs(runs, **how))


@main.command()
@environments_option
@_PHASE
@click.option("--live", is_flag=True, help="Read each database again, and require that it is unchanged since the audit.")
@repositories_option
@format_option("text", "json")
@_OUT
@color_option
@policy_options
def gate(**how: Any) -> None:
    """Check whether the deletion may be merged.

    For every environment that the policy requires: whether enough reviewers signed the newest evidence, and whether that
    evidence still matches this tree. Exit codes: 0 yes; 1 the audit blocks or a reviewer rejects it; 3 it could not be
    audited; 4 it is not signed, or the files differ from what was signed.
    """
    from migration_audit.cli.gate import run_gate  # noqa: PLC0415

    sys.exit(run_gate(**how))


main.add_command(fleet)
main.add_command(server)


@main.command()
@click.option(
    "--env", "environment", metavar="NAME", help="Environment that the notebooks open; default: the notebooks' own."
)
@config_option
def lab(environment: str | None, config: Path | None) -> None:
    """Open JupyterLab on the notebooks."""
    from migration_audit.cli.setup import open_lab  # noqa: PLC0415

    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
    open_lab(environment=environment, config=config)
