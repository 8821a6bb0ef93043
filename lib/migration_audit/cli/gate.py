"""``gate``: a table of environments by requirements, and what to do about each that is not met."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from migration_audit.artifacts.git.command import each_line_once
from migration_audit.audit.demo import signing_project
from migration_audit.cli.group import accepted
from migration_audit.cli.output import in_columns, write_json
from migration_audit.cli.terminal import HOLDS, Style, write_paragraph
from migration_audit.cli.verdicts import write_gate_to_github
from migration_audit.gate import EnvironmentGate, RequirementKind
from migration_audit.model.finding import Phase
from migration_audit.review.checkout import at_home, check_out, parse_place
from migration_audit.review.gating import judge_runs, required_environments
from migration_audit.signoff import Authority, read_authority

_STYLES = {True: Style.GOOD, False: Style.BAD, None: Style.FAINT}


@each_line_once()
def run_gate(
    *,
    environments: Sequence[str],
    phase: str,
    live: bool,
    out: Path | None,
    config: Path | None,
    policy_from: str | None,
    allowed_signers: Path | None,
    repositories: Sequence[str],
    form: str = "text",
) -> int:
    """Print which requirements each environment meets; the largest exit code of those that are not met, 0 without any.

    Raises AuditError where policy, keys, git or (with ``live``) a database cannot be read.
    """
    project = signing_project(config)
    places = [parse_place(text) for text in repositories]
    authority = read_authority(project, policy_from=policy_from, allowed_signers=allowed_signers)
    authority = accepted(at_home(authority, places, os.environ))
    asked = required_environments(authority, environments, Phase(phase))
    with check_out(authority, places, os.environ) as checkout:
        found = judge_runs(
            project,
            authority,
            asked,
            phase=Phase(phase),
            live=live,
            out=Path(os.path.normpath((out or authority.project.report_out).absolute())),
            checkout=checkout,
        )
    return write_gates(found, authority, phase=phase, notes=checkout.notes, form=form)


def write_gates(
    found: Sequence[EnvironmentGate], authority: Authority, *, phase: str | None, notes: Sequence[str], form: str
) -> int:
    """Print the requirements as text or JSON, also for GitHub where it asks; the largest exit code."""
    code = max(each.exit_code for each in found)
    write_gate_to_github(found, source=authority.source)
    if form == "json":
        noted = [*filter(None, [authority.caution]), *notes]
        write_json(json.dumps(_as_json(found, authority.source, phase, noted), indent=1) + "\n")
        return code
    for note in notes:
        click.echo(note)
    for line in _table(found):
        write_paragraph(line)
    _write_requirements(found)
    closed = [each.environment for each in found if each.exit_code]
    words = f"The gate is closed: {', '.join(closed)}" if closed else f"The gate is open, judged by {authority.source}"
    write_paragraph("")
    write_paragraph((f"{words}.", Style.BAD if closed else Style.GOOD))
    return code


def _as_json(found: Sequence[EnvironmentGate], source: str, phase: str | None, notes: Sequence[str]) -> dict[str, Any]:
    return {
        "schema_version": 1,
        "open": not any(each.exit_code for each in found),
        "exit_code": max(each.exit_code for each in found),
        "phase": phase,
        "policy": source,
        "notes": list(notes),
        "environments": [
            {
                "environment": each.environment,
                "run": each.run.folder if each.run else None,
                "exit_code": each.exit_code,
                "requirements": [
                    {
                        "need": r.need.value,
                        "ok": r.ok,
                        "text": r.text,
                        "todo": r.todo,
                        "exit_code": r.code,
                        "details": list(r.details),
                    }
                    for r in each.requirements
                ],
            }
            for each in found
        ],
    }


def _table(found: Sequence[EnvironmentGate]) -> list[str]:
    """One line for each requirement that was judged for an environment, one column for each environment."""
    judged = ([need.value, *(_mark(each, need) for each in found)] for need in RequirementKind)
    return in_columns([["", *(each.environment for each in found)], *(row for row in judged if "".join(row[1:]).strip())])


def _mark(each: EnvironmentGate, need: RequirementKind) -> str:
    """The worst mark that an environment has for a requirement; a blank where it was not judged."""
    oks = [r.ok for r in each.requirements if r.need is need]
    if not oks:
        return " "
    return HOLDS[False if False in oks else True if True in oks else None]


def _write_requirements(found: Sequence[EnvironmentGate]) -> None:
    for each in found:
        write_paragraph("")
        run = [(f" {each.run.folder}", Style.FAINT)] if each.run else []
        write_paragraph((each.environment, Style.STRONG), *run)
        for r in each.requirements:
            write_paragraph(
                (HOLDS[r.ok], _STYLES[r.ok]), (f"{r.need.value}:", Style.STRONG), r.text, first="  ", rest="    "
            )
            for detail in r.details:
                write_paragraph(("✕", Style.BAD), detail, first="    ", rest="      ")
            if r.ok is False and r.todo:
                write_paragraph("→", r.todo, first="    ", rest="      ")
