"""``fleet``: many databases against one expected side."""

from __future__ import annotations

import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from migration_audit.cli.group import (
    CommandGroup,
    config_option,
    direction_option,
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
from migration_audit.cli.terminal import color_option

if TYPE_CHECKING:
    from migration_audit.fleet.summary import FleetSummary

_OUT = out_option("reports/fleet")
_IS_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_FOLDER = click.argument("folder", metavar="FOLDER", type=_IS_FOLDER)


@click.group(cls=CommandGroup)
def fleet() -> None:
    """Audit many databases against one expected side, without notebooks."""


def _duration(_context: click.Context, _option: click.Parameter, text: str | None) -> timedelta | None:
    if text is None:
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,5})([smhd])", text)
    if found is None:
        raise click.BadParameter("write a number and s, m, h or d: 12h")
    return timedelta(seconds=int(found[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]])


_TARGETS = click.option(
    "--targets",
    multiple=True,
    metavar="FILE",
    help="File with a line NAME = REFERENCE for each database, or service:PATTERN; can be repeated.",
)
_QUERIES = click.option(
    "--from-query",
    "queries",
    nargs=2,
    multiple=True,
    metavar="REFERENCE SQL",
    help="A database to ask for targets, and a SELECT of their names; can be repeated.",
)


@fleet.command("run")
@_TARGETS
@_QUERIES
@click.option("--expected", metavar="SIDE", help="Expected side, as compare accepts it; default: the owner's SQL.")
@direction_option
@_OUT
@number_option("--workers", "Processes on this machine; default: two for each processor.")
@click.option("--scheduler", metavar="ADDRESS", help="Read the targets on the workers of this dask.distributed scheduler.")
@number_option("--per-server", "Connections at the same time, to one host and port.", default=4)
@number_option("--connections", "Connections at the same time, to all servers.", default=64)
@number_option("--attempts", "How often to try a target whose server is down, busy or starting.", default=3)
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
@number_option("--statement-timeout", "Time limit for one statement in a target.", default=60, metavar="SECONDS")
@producer_key_option
@config_option
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
@producer_key_option
def fleet_merge(folders: tuple[Path, ...], out: Path, producer_key: Path | None) -> None:
    """Join the parts of a fleet run that were read with --shard.

    Each part is verified first. Exit codes are those of the whole.
    """
    from migration_audit.fleet.run import Clock, merge_parts  # noqa: PLC0415

    folder, summary = merge_parts(folders, out=out, producer_key=producer_key, now=Clock().now())
    _show(folder.path, summary)
    sys.exit(summary.exit_code)


@fleet.command("notebooks")
@_FOLDER
@click.argument("targets", metavar="[TARGET]...", nargs=-1)
@click.option(
    "--env", "environment", required=True, metavar="NAME", help="Environment of audit.toml as which a target is audited."
)
@out_option(text="Default: FOLDER/notebooks.")
@config_option
def fleet_notebooks(folder: Path, targets: tuple[str, ...], environment: str, out: Path | None, config: Path | None) -> None:
    """Audit single targets with the notebooks, as run does: the first of each kind of difference, or each TARGET.

    Each is audited in the phase preflight as the environment NAME, whose variable leads to the target meanwhile. Exit codes
    are those of run; 3 where a target leads to a different database than in the fleet run.
    """
    from migration_audit.cli.verdicts import write_verdicts  # noqa: PLC0415
    from migration_audit.fleet.notebooks import audit_targets, chosen_targets, other_database  # noqa: PLC0415
    from migration_audit.fleet.store import open_folder  # noqa: PLC0415
    from migration_audit.project import load_project, project_file  # noqa: PLC0415

    opened = open_folder(folder)
    chosen = chosen_targets(opened, targets)
    project = load_project(project_file(config or Path()))
    results = list(
        audit_targets(chosen, project, project.environment(environment), out=out or folder / "notebooks", say=say)
    )
    write_verdicts(results)
    others = {result.environment: why for result in results if (why := other_database(opened, result)) is not None}
    for name, why in others.items():
        say(f"{name} is a different database than in the fleet run, so this report is not about its finding: {why}")
    sys.exit(max(*(result.exit_code for result in results), 3 if others else 0))


@fleet.command("sign")
@_FOLDER
@signer_options
@yes_option
@policy_options
def fleet_sign(folder: Path, **how: Any) -> None:
    """Sign a fleet run: one signature for all its targets.

    The run is verified first, and what will be signed is shown.
    """
    from migration_audit.cli.fleet_review import sign_fleet  # noqa: PLC0415

    sign_fleet(folder, **how)


@fleet.command("prove")
@_FOLDER
@click.argument("target")
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="File to write.")
def fleet_prove(folder: Path, target: str, output: Path) -> None:
    """Write the proof of one TARGET, which its owner can verify alone.

    It has the evidence of the target, the hashes that lead from it to the signed root, and of the other targets only their
    number.
    """
    from migration_audit.cli.fleet_review import write_proof  # noqa: PLC0415

    write_proof(folder, target, output)


@fleet.command("verify")
@click.argument("what", metavar="FOLDER|PROOF", type=click.Path(path_type=Path, exists=True))
@click.option("--target", metavar="NAME", help="The target that the proof has to be of.")
@click.option("--max-age", metavar="AGE", callback=_duration, help="Refuse evidence that is older: 12h, 7d.")
@click.option("--intact", is_flag=True, help="Check files and evidence only, not whether they are signed.")
@policy_options
def fleet_verify(what: Path, **how: Any) -> None:
    """Verify a fleet run, or the proof of one target.

    Works offline. Computes outcomes, root, summary and page again from the evidence. Exit code 4: something differs, or it
    is not signed.
    """
    from migration_audit.cli.fleet_review import verify_fleet  # noqa: PLC0415

    sys.exit(verify_fleet(what, **how))


@fleet.command("gate")
@_FOLDER
@_TARGETS
@_QUERIES
@direction_option
@click.option("--apply", is_flag=True, help="Apply the owner's SQL again, and compare what it makes with the expected side.")
@repositories_option
@format_option("text", "json")
@color_option
@policy_options
def fleet_gate(folder: Path, **how: Any) -> None:
    """Check whether a signed fleet run opens the gate.

    Whether enough reviewers of [policy] signed it, every listed target is in it and as expected, its evidence is recent, and
    it was compared with the owner's SQL of this tree. Exit codes: 0 yes; 1 a target blocks; 3 one could not be checked; 4 it
    is not signed, or the files differ from what was signed.
    """
    from migration_audit.cli.fleet_review import gate_fleet  # noqa: PLC0415

    sys.exit(gate_fleet(folder, **how))
