"""The port as the text of a file: comments that say what it is, then SQL, then what a person has to decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from migration_audit.model.identifiers import as_comment
from migration_audit.model.location import Location
from migration_audit.model.objects import Key
from migration_audit.model.port import Port, PortProof, PortStep, ProofOutcome
from migration_audit.port.names import joined_lines

NOTHING = "Nothing to port: the owner's side covers the legacy side."
_RULE = "-- " + "-" * 74


def nothing_to_port(*, expected: str, actual: str) -> str:
    """The whole text where the comparison is covered."""
    return _head(expected, actual) + as_comment(NOTHING) + "\n"


def nothing_compared(why: str, *, expected: str, actual: str) -> str:
    """The whole text where there was nothing to compare: comments alone."""
    return _head(expected, actual) + as_comment(f"NO PORT: {joined_lines(why)}.") + "\n"


def running_sql(port: Port, origins: Mapping[Key, Location] | None = None) -> str:
    """The statements that run, as the proof applies them; empty where there are none."""
    return running_lines(port, origins)[0]


def running_lines(port: Port, origins: Mapping[Key, Location] | None = None) -> tuple[str, tuple[int, ...]]:
    """The same, and the line at which each step begins, counted from 1."""
    if not port.running:
        return "", ()
    # Bodies may name what is made later on; the server looks into them when they are called.
    unlooked = any(step.about[0] in {"function", "aggregate"} for step in port.running)
    lines, starts = "SET check_function_bodies = off;\n\n" if unlooked else "", []
    for step in port.running:
        starts.append(lines.count("\n") + 1)
        lines += f"{_described(step, origins or {})}{step.sql}\n\n"
    return lines + ("RESET check_function_bodies;\n" if unlooked else ""), tuple(starts)


def port_text(
    port: Port, proof: PortProof, *, expected: str, actual: str, origins: Mapping[Key, Location] | None = None
) -> str:
    """The file: SQL where it is proven or could not be tried, else comments alone, which say what is in the way."""
    known = origins or {}
    head = _head(expected, actual) + as_comment(_verdict(port, proof)) + "\n"
    if proof.outcome is not ProofOutcome.REFUTED:
        return "\n".join(filter(None, [head, running_sql(port, known), _asked(port, known)]))
    refused = [(port.running[number], f"{message}\n{port.running[number].sql}") for number, message in proof.failed]
    numbers = {number for number, _ in proof.failed}
    others = [(step, step.sql) for number, step in enumerate(port.running) if number not in numbers]
    rest = [
        _section("What still prevents it", proof.reasons),
        _asked(port, known),
        _listed("The server rejected these statements:", refused, known),
        _listed("These statements run, but are not sufficient on their own:", others, known),
    ]
    return "\n".join(filter(None, [head, *rest]))


def _head(expected: str, actual: str) -> str:
    lines = [
        "The port: SQL for the owner's next file, written by migration-audit.",
        f"Expected (legacy): {joined_lines(expected)}",
        f"Actual (owner):    {joined_lines(actual)}",
        "Review it before you use it. It can be applied repeatedly; it drops nothing.",
    ]
    return as_comment("\n".join(lines)) + "\n"


def _roles(proof: PortProof) -> str:
    roles = ", ".join(map(joined_lines, proof.assumed_roles))
    return f"\nIt assumes that these roles exist: {roles}" if roles else ""


def _verdict(port: Port, proof: PortProof) -> str:
    where = f" ({joined_lines(proof.server)})" if proof.server else ""
    if proof.outcome is ProofOutcome.PROVEN:
        asked = f"\n{len(port.for_person)} further differences, which do not block, need a person's decision: see the end."
        return (
            f"PROVEN: the owner's SQL and this port were applied to a fresh server{where}, the port twice;\n"
            "the comparison is then covered." + _roles(proof) + (asked if port.for_person else "")
        )
    why = "".join(f"\n- {joined_lines(reason)}" for reason in proof.reasons)
    if proof.outcome is ProofOutcome.PARTIAL:
        return (
            f"PROVEN IN PART: the owner's SQL and this port were applied to a fresh server{where}, the port twice;\n"
            "it has the stated effect on each object. The remaining "
            f"differences block and need a person's decision: see the end.{why}" + _roles(proof)
        )
    if proof.outcome is ProofOutcome.UNTRIED:
        return f"NOT PROVEN: this was not applied to any database.{why}"
    return (
        f"NOT OFFERED: applied to a fresh server{where} after the owner's SQL, it does not make the owner cover the\n"
        "legacy side. So everything below is a comment: it shows what a person has to decide."
    )


def _section(title: str, lines: Iterable[str]) -> str:
    found = [f"- {joined_lines(line)}" for line in lines]
    return "\n".join([_RULE, as_comment("\n".join([f"{title}:", *found])), ""]) if found else ""


def _described(step: PortStep, origins: Mapping[Key, Location]) -> str:
    kind, key = step.about
    at = origins.get(step.about)
    line = f"{kind} {key}" + (f" ({at})" if at else "")
    return as_comment("\n".join([joined_lines(line), *([f"NOTE: {joined_lines(step.note)}"] if step.note else [])])) + "\n"


def _asked(port: Port, origins: Mapping[Key, Location]) -> str:
    found = [
        (step, f"{step.for_person}\nfor example:\n{step.sql}" if step.sql else str(step.for_person))
        for step in port.for_person
    ]
    return _listed("For a person to decide: none of this is executed.", found, origins)


def _listed(title: str, steps: list[tuple[PortStep, str]], origins: Mapping[Key, Location]) -> str:
    """Steps as comments, each with its text."""
    if not steps:
        return ""
    parts = [_RULE, as_comment(title), ""]
    for step, text in steps:
        parts += [_described(step, origins) + as_comment(text), ""]
    return "\n".join(parts)
