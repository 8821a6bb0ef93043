"""``fleet``: many databases against one expected side."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migration_audit.cli.progress import say

if TYPE_CHECKING:
    from migration_audit.fleet.summary import FleetSummary

_CONFIG = click.option(
    "--config", type=click.Path(path_type=Path), help="audit.toml; by default the nearest one in this folder or above."
)
_POLICY_FROM = click.option("--policy-from", metavar="REV", help="Read policy and keys from this git revision: origin/main.")
_SIGNERS = click.option(
    "--allowed-signers",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Signers' keys, instead of the policy's file; cannot be combined with a revision.",
)
_OUT = click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), default=Path("reports/fleet"), show_default=True
)
_IS_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)


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
@_OUT
@click.option("--workers", type=click.IntRange(min=1), help="Processes on this machine; default: two for each processor.")
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


@fleet.command("merge")
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=_IS_FOLDER)
@_OUT
def fleet_merge(folders: tuple[Path, ...], out: Path) -> None:
    """Join the parts of a fleet run that were read with --shard.

    Each part is verified first. Exit codes are those of the whole.
    """
    from migration_audit.fleet.merge import merge_parts  # noqa: PLC0415
    from migration_audit.fleet.run import SystemClock  # noqa: PLC0415

    folder, summary = merge_parts(folders, out=out, now=SystemClock().now())
    _show(folder.path, summary)
    sys.exit(summary.exit_code)


@fleet.command("sign")
@click.argument("folder", metavar="FOLDER", type=_IS_FOLDER)
@click.option("--as", "identity", required=True, metavar="IDENTITY", help="Who signs: the name in allowed_signers.")
@click.option(
    "--key", required=True, metavar="FILE", help="Private key; public key of the agent's or a hardware key; or: agent."
)
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@_CONFIG
@_POLICY_FROM
@_SIGNERS
def fleet_sign(folder: Path, **how: Any) -> None:
    """Sign a fleet run: one signature for all its targets.

    The run is verified first, and what will be signed is shown.
    """
    from migration_audit.cli.fleet_signing import sign_fleet  # noqa: PLC0415

    sign_fleet(folder, **how)


@fleet.command("prove")
@click.argument("folder", metavar="FOLDER", type=_IS_FOLDER)
@click.argument("target")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
def fleet_prove(folder: Path, target: str, output: Path) -> None:
    """Write the proof of one TARGET: its evidence, and that it is one of those under the signed root.

    It can be verified alone, and says nothing about other targets but how many there are.
    """
    from migration_audit.cli.fleet_signing import write_proof  # noqa: PLC0415

    write_proof(folder, target, output)


@fleet.command("verify")
@click.argument("what", metavar="FOLDER|PROOF", type=click.Path(path_type=Path, exists=True))
@click.option("--intact", is_flag=True, help="Check files and evidence only, not whether they are signed.")
@_CONFIG
@_POLICY_FROM
@_SIGNERS
def fleet_verify(what: Path, **how: Any) -> None:
    """Verify a fleet run, or the proof of one target.

    Works offline. Computes outcomes, root, summary and page again from the evidence. Exit code 4 where something does not
    hold, or is not signed.
    """
    from migration_audit.cli.fleet_signing import verify_fleet  # noqa: PLC0415

    sys.exit(verify_fleet(what, **how))
