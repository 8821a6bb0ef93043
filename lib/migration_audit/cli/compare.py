"""``compare`` and ``snapshot``: two sides in, differences out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path

from migration_audit import catalog
from migration_audit.audit.preflight.side_values import parse_values
from migration_audit.audit.preflight.sides import parse_side, read_sides, with_values
from migration_audit.cli.output import say_at_terminal, say_lines, write_json
from migration_audit.model.bulk import many_objects
from migration_audit.model.errors import UsageError
from migration_audit.model.progress import STATEMENT_TIMEOUT, Progress


@many_objects()
def compare_sides(
    expected: str,
    actual: str,
    *,
    direction: str,
    form: str,
    config: Path | None,
    placeholders: Sequence[str] = (),
    variables: Sequence[str] = (),
    no_cross_check: bool = False,
    statement_timeout: int = STATEMENT_TIMEOUT,
    progress: Progress,
) -> int:
    """Print the comparison; 0 when it is covered (or equal), 1 when not, 3 when nothing was compared or cross-checked.

    ``placeholders`` and ``variables`` are as ``parse_values`` takes them, the rest as ``answer`` does.
    """
    given = parse_values(placeholders, variables)
    left_side, right_side = (replace(parse_side(s), statement_timeout=statement_timeout) for s in (expected, actual))
    sides = with_values(left_side, right_side, given)
    read = read_sides(
        sides,
        progress=progress,
        given=given,
        dumped=not no_cross_check,
        steps=say_at_terminal,
        meanwhile=partial(import_module, "migration_audit.cli.answer"),
    )
    from migration_audit.cli.answer import answer  # noqa: PLC0415

    return answer(
        sides,
        (read[0], read[1]),
        direction=direction,
        form=form,
        config=config,
        no_cross_check=no_cross_check,
        progress=progress,
    )


@many_objects()
def save_side(
    source: str,
    output: Path | None,
    *,
    placeholders: Sequence[str],
    variables: Sequence[str],
    statement_timeout: int = STATEMENT_TIMEOUT,
    progress: Progress,
) -> None:
    """Write the snapshot of one side to a file, or to stdout; raises UsageError for a file that cannot be written."""
    if output is not None and not output.parent.is_dir():  # reported before the work, not after it
        raise UsageError("the folder does not exist", where=str(output.parent), todo="make it, or name another one")
    given = parse_values(placeholders, variables)
    (read,) = read_sides(
        (replace(parse_side(source), values=given, statement_timeout=statement_timeout),),
        progress=progress,
        given=given,
        steps=say_at_terminal,
    )
    from migration_audit.report.rows import undone_text  # noqa: PLC0415  servers start before it is loaded

    say_lines(undone_text({source: read.undone}), progress)
    if output is None:
        write_json(catalog.dump_snapshot(read.snapshot).decode())
        return
    catalog.save_snapshot(read.snapshot, output)
    progress(f"{output}: {len(read.snapshot.objects)} objects, {read.snapshot.digest}")
