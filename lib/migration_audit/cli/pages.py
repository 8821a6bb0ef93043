"""``check`` and ``format``: the pages of checks and of source formats, and the check of files alone."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.group()
def check() -> None:
    """What each check asks, why, and what to do."""


@check.command("list")
def check_list() -> None:
    """One line for each check."""
    from migration_audit.checks import ALL  # noqa: PLC0415

    for each in ALL:
        phases = "both" if len(each.phases) > 1 else each.phases[0].value
        click.echo(f"{each.id}  {each.severity.value:8}  {phases:9}  {each.title}")


@check.command("explain")
@click.argument("check_id", metavar="ID")
def check_explain(check_id: str) -> None:
    """The page of one check."""
    import inspect  # noqa: PLC0415

    from migration_audit.checks import find_check  # noqa: PLC0415

    found = find_check(check_id)
    phases = " and ".join(phase.value for phase in found.phases)
    click.echo(
        f"{found.id}  {found.title}\n\n{inspect.getdoc(found.run)}\n\nSeverity: {found.severity.value}. Due in: {phases}."
    )


@click.group("format")
def source_format() -> None:
    """How the files of each migration runner are read."""


@source_format.command("list")
def format_list() -> None:
    """One line for each format: its name, its runner, and whether it was compared with the real runner."""
    from migration_audit.formats import ALL  # noqa: PLC0415

    names, runners = (max(map(len, column)) for column in zip(*((f.name, f.runner) for f in ALL), strict=True))
    for each in ALL:
        click.echo(f"{each.name:{names}}  {each.runner:{runners}}  {each.proof}")


@source_format.command("explain")
@click.argument("name")
def format_explain(name: str) -> None:
    """The page of one format: which files it applies, in which order, which part of each, and its ledger."""
    from migration_audit.formats import find_format  # noqa: PLC0415

    found = find_format(name)
    click.echo(f"{found.page}\n\n{found.proof[0].upper()}{found.proof[1:]}.")


@check.command("static")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, dir_okay=False))
def check_static_files(files: tuple[Path, ...]) -> None:
    """Check that audit.toml is valid and that no notebook contains a secret.

    FILES are audit.toml files and notebooks; by default the nearest audit.toml and the notebooks below its folder. Needs no
    database; intended for a pre-commit hook.
    """
    from migration_audit.cli.static import check_static  # noqa: PLC0415

    sys.exit(check_static(files))
