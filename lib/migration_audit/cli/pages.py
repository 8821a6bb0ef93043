"""``check`` and ``format``: the pages of checks and of source formats, the check of files alone, and ``server``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migration_audit.cli.group import CommandGroup
from migration_audit.cli.output import say
from migration_audit.cli.terminal import Style, color_option, line_width, write_lines, write_paragraph

if TYPE_CHECKING:
    from migration_audit.model.finding import Check

_TITLES_AT = 30
"""The column at which titles of checks begin."""


@click.group(cls=CommandGroup)
def check() -> None:
    """Explain the checks, or check files without a database."""


@check.command("list")
def check_list() -> None:
    """List the checks: id, severity, phase (both: preflight and retired) and title."""
    from migration_audit.checks import ALL  # noqa: PLC0415

    for each in ALL:
        phases = "both" if len(each.phases) > 1 else each.phases[0].value
        before = f"{each.id:7}  {each.severity.value:8}  {phases:9}  "
        write_paragraph(each.title, first=before.ljust(_TITLES_AT), rest=" " * _TITLES_AT)


@check.command("explain")
@click.argument("check_id", metavar="ID", required=False)
@click.option("--all", "everything", is_flag=True, help="Show all checks.")
@color_option
def check_explain(check_id: str | None, everything: bool) -> None:
    """Show what a check asks, why, and what to do."""
    if everything == (check_id is not None):
        raise click.UsageError("name one check, or --all")
    from migration_audit.checks import find_check  # noqa: PLC0415

    if check_id is not None:
        _write_page(find_check(check_id))
        return
    from migration_audit.checks import ALL  # noqa: PLC0415

    for number, each in enumerate(ALL):
        write_paragraph("─" * 40 if number else "")
        _write_page(each)


_TONES = {"blocker": Style.BAD, "warning": Style.WARNING, "info": Style.INFO}


_LABELS = ("Why", "Fix", "Source", "Fine when")


def _unfolded(lines: list[str]) -> list[str]:
    """The lines of a paragraph as they were before they were folded: a label, a list or an indent begins a new one."""
    found: list[str] = []
    for line in lines:
        begins = line.startswith((" ", "-", "*", *(f"{label}: " for label in _LABELS)))
        if begins or not found:
            found.append(line)
        else:
            found[-1] += f" {line}"
    return found


def _write_page(found: Check) -> None:
    """Title, page, severity and phases; what follows a label is set off on a terminal."""
    import inspect  # noqa: PLC0415

    write_paragraph((f"{found.id} ", Style.STRONG), (found.title, Style.STRONG), rest=" " * (len(found.id) + 2))
    write_paragraph("")
    for paragraph in (inspect.getdoc(found.run) or "").split("\n\n"):
        for line in _unfolded(paragraph.split("\n")) if line_width() is not None else paragraph.split("\n"):
            label, colon, text = line.partition(": ")
            write_paragraph(*([(f"{label}:", Style.STRONG), text] if colon and label in _LABELS else [line]))
        write_paragraph("")
    phases = " and ".join(phase.value for phase in found.phases)
    severity = found.severity.value
    write_paragraph(("Severity:", Style.STRONG), (f"{severity}.", _TONES[severity]), ("Due in:", Style.STRONG), f"{phases}.")


@click.group(cls=CommandGroup, name="format")
def source_format() -> None:
    """Explain how the files of each migration runner are read."""


@source_format.command("list")
def format_list() -> None:
    """List the formats: name, runner, and whether ours was tested against the real runner."""
    from migration_audit.formats import ALL  # noqa: PLC0415

    names, runners = (max(map(len, column)) for column in zip(*((f.name, f.runner) for f in ALL), strict=True))
    for each in ALL:
        write_lines(f"{each.name:{names}}  {each.runner:{runners}}  {each.proof}", hanging=names + runners + 4)


@source_format.command("explain")
@click.argument("name")
def format_explain(name: str) -> None:
    """Show which files a format applies, in which order, which part of each, and its ledger."""
    from migration_audit.formats import find_format  # noqa: PLC0415

    found = find_format(name)
    write_lines(f"{found.page}\n\n{found.proof[0].upper()}{found.proof[1:]}.")


@check.command("static")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
def check_static_files(files: tuple[Path, ...]) -> None:
    """Check that audit.toml is valid and that no notebook contains a secret.

    FILES are audit.toml files and notebooks; by default the nearest audit.toml and the notebooks below its folder. Needs no
    database; intended for a pre-commit hook.
    """
    from migration_audit.cli.static import check_static  # noqa: PLC0415

    sys.exit(check_static(files))


@click.group(cls=CommandGroup)
def server() -> None:
    """The server on which the SQL of both sources is executed."""


@server.command("status")
def _server_status() -> None:
    """List the servers that can be used here, and why others cannot."""
    from migration_audit import shadow  # noqa: PLC0415

    for line in shadow.status():
        mark = "✓" if line.usable else "–"
        write_lines(f"{mark} {line.provider:14} {line.detail}" + (f"  ({line.path})" if line.path else ""), hanging=17)


_SPEC = click.argument("provider", required=False)


@server.command("install")
@_SPEC
def _server_install(provider: str | None) -> None:
    """Install a server for this user.

    PROVIDER is debian (the default) or debian:sid: Debian's packages, unpacked into a private cache. The system does not
    change.
    """
    from migration_audit import shadow  # noqa: PLC0415

    click.echo(shadow.install(provider or "debian", progress=say))


@server.command("start")
@_SPEC
def _server_start(provider: str | None) -> None:
    """Start a server that keeps running, and print its connection string.

    To connect: psql "$(migration-audit server start)".
    """
    from migration_audit import shadow  # noqa: PLC0415

    click.echo(shadow.start(provider, progress=say))


@server.command("stop")
def _server_stop() -> None:
    """Stop the server that `start` started, and remove its data."""
    from migration_audit import shadow  # noqa: PLC0415

    say("stopped, and its data removed" if shadow.stop(progress=say) else "no server was running")
