"""``fleet``: many databases against one expected side."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from migration_audit.cli.progress import say

if TYPE_CHECKING:
    from migration_audit.fleet.summary import FleetSummary

_CONFIG = click.option(
    "--config", type=click.Path(path_type=Path), help="audit.toml; by default the nearest one in this folder or above."
)


@click.group()
def fleet() -> None:
    """Audit many databases against one expected side, without notebooks."""


def _duration(_context: click.Context, _option: click.Parameter, text: str | None) -> timedelta | None:
    if text is None:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if found is None:
        raise click.BadParameter("write a number and s, m, h or d: 12h")
    return timedelta(seconds=int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]])


@fleet.command("run")
@click.option(
    "--targets",
    multiple=True,
    metavar="FILE",
    help="File with a line NAME = REFERENCE for each database, or service:PATTERN of pg_service.conf; can be repeated.",
)
@click.option(
    "--from-query",
    "queries",
    nargs=2,
    multiple=True,
    metavar="REFERENCE SQL",
    help="Database to ask for targets, and a SELECT of their names (and references); can be repeated.",
)
@click.option("--expected", metavar="SIDE", help="Expected side, as compare accepts it; default: the owner's SQL.")
@click.option("--direction", type=click.Choice(["covers", "equal"]), default="covers", show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), default=Path("reports/fleet"), show_default=True)
@click.option("--workers", type=click.IntRange(min=1), help="Processes on this machine; default: one for each processor.")
@click.option("--scheduler", metavar="ADDRESS", help="Read the targets on the workers of this dask.distributed scheduler.")
@click.option(
    "--per-server",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Connections at once to one host and port.",
)
@click.option("--connections", type=click.IntRange(min=1), default=64, show_default=True, help="Connections at once in all.")
@click.option(
    "--attempts",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    help="How often to try a target whose server is down, busy or starting.",
)
@click.option(
    "--retry-after",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="Wait before the second attempt; twice as long before each further one.",
)
@click.option("--shard", metavar="I/N", help="Read only the I-th of N parts; fleet merge joins them.")
@click.option("--max-age", metavar="AGE", callback=_duration, help="Read targets again whose evidence is older: 12h, 7d.")
@click.option(
    "--statement-timeout",
    type=click.IntRange(min=1),
    default=60,
    show_default=True,
    metavar="SECONDS",
    help="Time limit for one statement in a target.",
)
@_CONFIG
def fleet_run(targets: tuple[str, ...], queries: tuple[tuple[str, str], ...], **how: object) -> None:
    """Read every target and compare it with the expected side.

    Targets with the same difference are one finding. Called again with the same targets and the same expected side, it reads
    what is missing. Exit codes: 0 every target is fine; 1 one blocks; 3 one could not be checked.
    """
    from migration_audit.fleet.start import FleetOptions, start_fleet  # noqa: PLC0415

    folder, summary = start_fleet(targets, queries, FleetOptions(**how), say=say)  # type: ignore[arg-type]  # click's values
    _show(folder, summary)
    sys.exit(summary.exit_code)


def _show(folder: Path, summary: FleetSummary) -> None:
    from migration_audit.cli.output import write_text  # noqa: PLC0415
    from migration_audit.fleet.summary import summary_text  # noqa: PLC0415

    write_text(f"{summary_text(summary)}\n{folder / 'index.html'}\n")
