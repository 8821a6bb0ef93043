"""What a person sees at a terminal: colours where they are wanted, lines that end at words within its width."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import termios
from dataclasses import replace
from pathlib import Path

import pytest

from fix_commands import run_at_terminal, run_cli
from migration_audit.cli import output, terminal, verdicts
from migration_audit.cli.terminal import Style, wrapped_words
from migration_audit.model import visible
from migration_audit.model.finding import Outcome, Verdict
from migration_audit.report.triage import triage
from migration_audit.runner import RunResult
from report_example import evidence
from report_example import result as example

SGR = re.compile(r"\x1b\[[0-9;]*m")


def at_a_terminal(*arguments: str, width: int, code: int = 0, **variables: str) -> str:
    """What the command shows on a terminal of this width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    unset = {
        name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
    }
    exit_code = run_at_terminal(theirs, *arguments, variables={**unset, "TERM": "xterm", **variables})
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux: the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert exit_code() == code
    return shown.decode().replace("\r\n", "\n")


PRINTED = {
    "a page": ("check", "explain", "BOOT001"),
    "a table": ("format", "list"),
    "the page of a format": ("format", "explain", "flyway"),
    "servers": ("server", "status"),
}


@pytest.mark.parametrize("width", [60, 80, 160])
@pytest.mark.parametrize("command", PRINTED.values(), ids=PRINTED)
def test_lines_end_at_words_within_the_width(command, width):
    shown = SGR.sub("", at_a_terminal(*command, width=width))
    assert [line for line in shown.splitlines() if visible.width(line) > width and len(line.split()) > 1] == []
    plain = run_cli(*command).out
    assert shown.split() == plain.split(), "the same words, none torn apart"
    assert max(map(len, shown.splitlines())) > width - 20 or max(map(len, plain.splitlines())) <= width


def test_an_error_ends_its_lines_at_words_too():
    shown = at_a_terminal("format", "explain", "nope", width=60, code=2)
    assert [line for line in shown.splitlines() if visible.width(line) > 60] == []
    plain = run_cli("format", "explain", "nope").err
    assert len(plain.splitlines()) == 2, "where nobody tells how wide it is, each line stays whole"
    assert shown.split() == plain.split()
    assert shown.splitlines()[2].startswith("    "), "below the arrow's text"


COLOURS = {
    "a terminal": ([], {}, True),
    "NO_COLOR": ([], {"NO_COLOR": "1"}, False),
    "NO_COLOR is empty": ([], {"NO_COLOR": ""}, True),
    "a dumb terminal": ([], {"TERM": "dumb"}, False),
    "never": (["--color", "never"], {}, False),
    "always goes before NO_COLOR": (["--color", "always"], {"NO_COLOR": "1"}, True),
    "NO_COLOR goes before FORCE_COLOR": ([], {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
}


@pytest.mark.parametrize(("options", "variables", "coloured"), COLOURS.values(), ids=COLOURS)
def test_colours_at_a_terminal(options, variables, coloured):
    shown = at_a_terminal("check", "explain", "LIV004", *options, width=80, **variables)
    assert ("\x1b[" in shown) == coloured
    assert at_a_terminal(*options, "check", "explain", "LIV004", width=80, **variables) == shown, "before the command too"


PIPED = {
    "a pipe": ([], {}, False),
    "FORCE_COLOR": ([], {"FORCE_COLOR": "1"}, True),
    "FORCE_COLOR is 0": ([], {"FORCE_COLOR": "0"}, False),
    "always": (["--color", "always"], {}, True),
}


@pytest.mark.parametrize(("options", "variables", "coloured"), PIPED.values(), ids=PIPED)
def test_colours_in_a_pipe(options, variables, coloured):
    ran = run_cli("check", "explain", "LIV004", *options, **{"NO_COLOR": "", **variables})
    assert ("\x1b[" in ran.out) == coloured


def test_explain_all():
    from migration_audit.checks import ALL

    ran = run_cli("check", "explain", "--all")
    assert [line.split()[0] for line in ran.out.splitlines() if re.match(r"[A-Z]{3,4}\d{3}  ", line)] == [c.id for c in ALL]
    assert run_cli("check", "explain").code == 2
    assert run_cli("check", "explain", "LIV004", "--all").code == 2


def test_a_word_that_is_too_long_stays_whole():
    words = [(word, Style.PLAIN) for word in f"see {'x' * 70} now".split()]
    assert [[word for word, _ in line] for line in wrapped_words(words, 60, 0, 2)] == [["see"], ["x" * 70], ["now"]]


def result(**more):
    found = evidence(**more)
    return RunResult(environment=found.environment, folder=Path("reports/stage/1"), evidence=found)


def shown(capsys, *results, color="never"):
    terminal._chosen[:] = [color]
    try:
        verdicts.write_verdicts(results)
    finally:
        terminal._chosen.clear()
    return capsys.readouterr().out


def test_blockers_are_named_and_the_rest_is_counted(capsys):
    one = result()
    out = shown(capsys, one)
    held = triage(one.evidence.checks)
    blocking = [f for r in held.blockers for f in r.findings if f.waived is None]
    assert blocking
    assert all(output._shown(f.summary) in out for f in blocking)
    assert held.warnings
    assert not [f for r in held.warnings for f in r.findings if f.summary in out]
    assert all(r.id in out for r in held.warnings)
    assert held.found in out
    assert f"SQL executed on: {one.evidence.shadow}" in out


def test_what_was_not_looked_at_is_named_with_its_reason(capsys):
    held = [example(f"BOOT00{n}", "Boot", Outcome.SKIPPED, reason="there is no [boot]", required=False) for n in (1, 2, 3)]
    one = result(checks=(*held, example("WVR001", "x", Outcome.SKIPPED, reason="no waiver", required=False)))
    assert "not looked at: BOOT001–BOOT003: there is no [boot]\n" in shown(capsys, one)
    (environment,) = verdicts.verdicts_json([one], phase="preflight", index=Path("index.html"))["environments"]
    assert [each["check"] for each in environment["not_looked_at"]] == ["BOOT001", "BOOT002", "BOOT003"]


@pytest.mark.parametrize("verdict", Verdict)
def test_of_what_may_be_signed_the_command_is_named(capsys, verdict):
    out = shown(capsys, result(verdict=verdict))
    assert ("migration-audit sign reports/stage/1 --as YOU" in out) == (verdict in {Verdict.CLEAN, Verdict.REVIEW})


def test_what_a_terminal_would_obey_is_spelled_out(capsys):
    one = result()
    blocker = next(r for r in one.evidence.checks if r in triage(one.evidence.checks).blockers)
    bad = replace(blocker, findings=(replace(blocker.findings[0], summary="a\x1b[2Jb", waived=None),))
    out = shown(capsys, result(checks=(bad,)), color="always")
    assert "a\\x1b[2Jb" in out
    assert "\x1b[2J" not in out


def test_run_as_json_has_every_finding():
    one = result()
    found = verdicts.verdicts_json([one], phase="preflight", index=Path("reports/index.html"))
    (environment,) = json.loads(json.dumps(found))["environments"]
    assert environment["verdict"] == one.verdict.value
    assert len(environment["findings"]) == sum(len(r.findings) for r in one.evidence.checks if r.outcome.value == "failed")
    assert sum(environment["checks"].values()) == len(one.evidence.checks)
    assert {one["check"] for one in environment["could_not_check"]} == {r.id for r in one.evidence.checks if r.is_undecided}


def test_of_a_blocker_with_many_lines_the_first_ones_are_shown_in_its_column(capsys):
    blocker = next(r for r in result().evidence.checks if r in triage(result().evidence.checks).blockers)
    long = replace(blocker.findings[0], summary="\n".join(f"    line {number}" for number in range(40)), waived=None)
    lines = shown(capsys, result(checks=(replace(blocker, findings=(long,)),))).splitlines()
    place = next(number for number, line in enumerate(lines) if "line 0" in line)
    column = lines[place].index("✕") + 2
    assert [line[column:].strip() for line in lines[place + 1 : place + 6]] == [
        *(f"line {number}" for number in range(1, 5)),
        "… (all of it is in the report)",
    ]
    assert all(not line[:column].strip() for line in lines[place + 1 : place + 6])
