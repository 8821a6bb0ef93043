"""Shell scripts: what runs in which order, by cases; a real shell runs each against programs that only take notes."""

import itertools
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from types import FrameType

import pytest

from migration_audit.artifacts.shell.path_state import Texts
from migration_audit.artifacts.shell.programs import ShellScript, run_script, run_words
from migration_audit.model.image import StartOutcome
from migration_audit.model.location import Location

PROGRAMS = [*"abcdefgs", "step", "sleep2", "npm"]

# name: (script, other files, the commands that certainly run, those that may)
CASES: dict[str, tuple[str, dict[str, str], list[str], list[str]]] = {
    "lines": ("a 1\nb 2", {}, ["a 1", "b 2"], []),
    "semicolons": ("a; b ;c", {}, ["a", "b", "c"], []),
    "and": ("a && b && c", {}, ["a", "b", "c"], []),
    "continued line": ("a \\\n  1 && \\\n b", {}, ["a 1", "b"], []),
    "or": ("a || b", {}, ["a"], ["b"]),
    "or true": ("a || true\nb", {}, ["a", "b"], []),
    "and or": ("a && b || c", {}, ["a", "b"], ["c"]),
    "true or": ("true || a", {}, [], []),
    "false or": ("false || a", {}, ["a"], []),
    "false and": ("false && a\nb", {}, ["b"], []),
    "comments": ("# a\nb # c", {}, ["b"], []),
    "echo is no step": ("echo a b\nprintf 'a'\nb", {}, ["b"], []),
    "a group": ("{ a; b; } && c", {}, ["a", "b", "c"], []),
    "a subshell": ("(a; b)\nc", {}, ["a", "b", "c"], []),
    "exit": ("a\nexit 0\nb", {}, ["a"], []),
    "exit within a subshell": ("(a; exit 0; b)\nc", {}, ["a", "c"], []),
    "exec": ("a\nexec b 1\nc", {}, ["a", "b 1"], []),
    "exec with a redirection alone": ("exec 2>&1\na", {}, ["a"], []),
    "a condition": ("if a; then b; else c; fi\nd", {}, ["a", "d"], ["b", "c"]),
    "a condition that ends": ("if ! a; then b; exit 1; fi\nc", {}, ["a", "c"], ["b"]),
    "else ends": ("if a; then b; else exit 1; fi\nc", {}, ["a", "b", "c"], []),
    "elif": ("if a; then b; elif c; then d; fi\ne", {}, ["a", "e"], ["b", "c", "d"]),
    "a condition that is known": ('X=1\nif [ "$X" = 1 ]; then a; else b; fi', {}, ["a"], []),
    "another known condition": ('if [ -n "" ]; then a; elif [ 2 -gt 1 ]; then b; fi', {}, ["b"], []),
    "double brackets are not sh": ('if test -z ""; then a; fi', {}, ["a"], []),
    "an unknown test": ("[ -f /nowhere ] && a\nb", {}, ["b"], ["a"]),
    "an exit that may come": ("if [ -f /etc/passwd ]; then exit 0; fi\na", {}, [], ["a"]),
    "an exec that may come": ("[ -f /nowhere ] && exec a\nb", {}, [], ["a", "b"]),
    "case, known": ("X=up\ncase $X in down) a;; u*|x) b;; *) c;; esac", {}, ["b"], []),
    "case, unknown": ("case $UNKNOWN in x) a;; *) b;; esac\nc", {}, ["c"], ["a", "b"]),
    "for, known": ("for i in x y; do a $i; done", {}, ["a x", "a y"], []),
    "for, files": ("for i in *.nothing; do a; done\nb", {}, ["b"], ["a"]),
    "until": ("until a; do sleep2; done\nb", {}, ["a", "b"], ["sleep2"]),
    "while not": ("while ! a; do sleep2; done\nb", {}, ["a", "b"], ["sleep2"]),
    "while false": ("while false; do a; done\nb", {}, ["b"], []),
    "a function": ('f2() { a "$1"; b; }\nf2 x\nc', {}, ["f2 x", "a x", "b", "c"], []),
    "a function that returns": ("f2() { a; return 0; b; }\nf2\nc", {}, ["f2", "a", "c"], []),
    "a function that is never called": ("f2() { a; }\nb", {}, ["b"], []),
    "arguments": ('set -- x y\na "$2" $#\nshift\nb "$@"', {}, ["a y 2", "b y"], []),
    "variables": ('X=1 Y="$X 2"\nZ=${X:-3}${Y:+4}\na $X "$Z" $Y', {}, ["a 1 14 1 2"], []),
    "a variable for one command": ("X=1\nX=2 a $X\nb $X", {}, ["a 1", "b 1"], []),
    "a variable of a branch": ('X=1\nif a; then X=2; fi\nb "$X"', {}, ["a", 'b "$X"'], []),
    "sh -c": ("sh -c 'a 1 && b'\nc", {}, ["sh -c a 1 && b", "a 1", "b", "c"], []),
    "sh -c with arguments": ("sh -c 'a \"$1\"' x y", {}, ['sh -c a "$1" x y', "a y"], []),
    "a script": ("sh x.sh 1\nb", {"x.sh": 'a "$1"\n'}, ["sh x.sh 1", "a 1", "b"], []),
    "a script by itself": ("./x.sh 1\nb", {"x.sh": '#!/bin/sh\na "$1"\n'}, ["./x.sh 1", "a 1", "b"], []),
    "a sourced script": (". ./x.sh\nb $X", {"x.sh": "X=1\na\n"}, [". ./x.sh", "a", "b 1"], []),
    "a script that calls a script": (
        "sh x.sh\nc",
        {"x.sh": "sh y.sh\nb\n", "y.sh": "a\n"},
        ["sh x.sh", "sh y.sh", "a", "b", "c"],
        [],
    ),
    "a script that ends early": ("sh x.sh\nc", {"x.sh": "a\nexit 0\nb\n"}, ["sh x.sh", "a", "c"], []),
    "exec of a script": ("exec sh x.sh a\nc", {"x.sh": 'exec "$@"\n'}, ["sh x.sh a", "a"], []),
    "a pipe": ("a | b | c", {}, ["a", "b", "c"], []),
    "a pipe into a script": ("a | sh x.sh", {"x.sh": "b\n"}, ["a", "sh x.sh", "b"], []),
    "in words": ('X=$(a 1)\nb "$(c)"', {}, ["a 1", "c", 'b "$(c)"'], []),
    "a here document": ("a <<EOF\nb\nEOF\nc", {}, ["a", "c"], []),
    "negated": ("! a\nb", {}, ["a", "b"], []),
    "cd": ("cd sub && sh x.sh", {"sub/x.sh": "a\n"}, ["sh x.sh", "a"], []),
    "eval of a known text": ("eval 'a 1; b'", {}, ["a 1", "b"], []),
    "set -e": ("set -e\na\nb", {}, ["a", "b"], []),
    "set -e and a list": ("set -e\na && b\nc", {}, ["a", "b", "c"], []),
    "set -eu with pipes": ("set -eu\na | b\nc", {}, ["a", "b", "c"], []),
    "set -e in a checked function": ("set -e\nf2() { a; b; }\nf2 || c\nd", {}, ["f2", "a", "b", "d"], ["c"]),
    "or exit": ("a || exit 1\nb", {}, ["a", "b"], []),
    "or a group that exits": ("a || { b; exit 3; }\nc", {}, ["a", "c"], ["b"]),
    "or return": ("f2() { a || return 1; b; }\nf2\nc", {}, ["f2", "a", "b", "c"], []),
    "and exit": ("! a && exit 1\nb", {}, ["a", "b"], []),
    "a list as the last of a function": ("set -e\nf2() { a && b; }\nf2\nc", {}, ["f2", "a", "b", "c"], []),
    "set -e in a called script": ("sh x.sh && c", {"x.sh": "set -e\na\nb\n"}, ["sh x.sh", "a", "b", "c"], []),
    "no set -e in a called script": ("set -e\nsh x.sh\nc", {"x.sh": "a\nb\n"}, ["sh x.sh", "a", "b", "c"], []),
    "sh -e": ("sh -e x.sh\nc", {"x.sh": "a\nb\n"}, ["sh -e x.sh", "a", "b", "c"], []),
    "set +e": ("set -e\na\nset +e\nb\nc", {}, ["a", "b", "c"], []),
    "exit with the status": ("a || exit $?\nb", {}, ["a", "b"], []),
    "nested conditions": ("if a; then if b; then c; fi; fi\nd", {}, ["a", "d"], ["b", "c"]),
    "for with a break": ("for i in x y; do a $i; break; done\nb", {}, ["a x", "b"], []),
    "for with a break that may come": (
        "for i in x y; do [ -f /nowhere ] && break; b $i; done\nc",
        {},
        ["c"],
        ["b x", "b y"],
    ),
    "for with a step that is left out": ("for i in x y; do [ $i = x ] && continue; a $i; done\nb", {}, ["a y", "b"], []),
    "set -e in a for": ("set -e\nfor i in x; do a; b; done\nc", {}, ["a", "b", "c"], []),
    "set -e in a while": ("set -e\nwhile a; do b; break; done\nc", {}, ["a", "c"], ["b"]),
}


def read(script: str, files: dict[str, str], folder: str = "/w") -> StartOutcome:
    def find(path: str) -> ShellScript | None:
        text = files.get(os.path.relpath(path, folder))
        return None if text is None else ShellScript(text=text, at=Location(path, 1))

    return run_script(ShellScript(text=script, at=Location("e.sh", 1)), folder=folder, paths=Texts(find))


@pytest.mark.parametrize(("script", "files", "certain", "maybe"), CASES.values(), ids=CASES)
def test_a_case(script, files, certain, maybe):
    run = read(script, files)
    assert [c.text for c in run.commands if c.maybe is None] == certain
    assert [c.text for c in run.commands if c.maybe is not None] == maybe
    assert run.undecided == ()


def execute(script: str, files: dict[str, str], folder: Path, failing: str = "", **variables: str) -> list[str]:
    """What a real shell starts, where the program ``failing`` fails and every other one succeeds."""
    stubs, log = folder / "bin", folder / "log"
    stubs.mkdir(parents=True)
    for name in PROGRAMS:
        # Whoever fails for ever would keep a loop going for ever.
        fails = f'[ "$(grep -c "^{name}" "$LOG")" -gt 5 ]' if name == failing else "true"
        (stubs / name).write_text(f'#!/bin/sh\necho "{name} $*" >>"$LOG"\n{fails}\n')
        (stubs / name).chmod(0o755)
    work = folder / "w"
    for name, text in {"e.sh": script, **files}.items():
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_text(text)
        (work / name).chmod(0o755)
    log.touch()
    environment = {"PATH": f"{stubs}:{os.environ['PATH']}", "LOG": str(log), **variables}
    shell = shutil.which("dash") or "sh"
    subprocess.run([shell, "e.sh"], cwd=work, env=environment, check=False, timeout=20, capture_output=True)
    return log.read_text().splitlines()


def of_stubs(texts: list[str]) -> list[str]:
    """Those of the commands that a stub takes down."""
    return [text for text in texts if text.split()[0] in PROGRAMS]


def plain(text: str) -> str:
    """A command by its program alone: what a shell makes of an unknown word is not known."""
    return text.split(maxsplit=1)[0]


# The order of what a pipe starts, and what reads the list of its own arguments, is not fixed.
_UNORDERED = ("a pipe", "a pipe into a script", "set -eu with pipes")


@pytest.mark.parametrize(("name", "case"), CASES.items(), ids=CASES)
def test_a_real_shell_starts_what_is_certain(name, case, tmp_path):
    script, files, certain, maybe = case
    ran = [plain(line) for line in execute(script, files, tmp_path)]
    expected = [plain(text) for text in of_stubs(certain)]
    if name in _UNORDERED:
        ran, expected = sorted(ran), sorted(expected)
    may = {plain(text) for text in maybe}
    assert [one for one in ran if one not in may or one in expected] == expected
    assert set(ran) <= set(expected) | may


@pytest.mark.parametrize(("name", "case"), CASES.items(), ids=CASES)
def test_a_real_shell_stops_where_a_failure_stops(name, case, tmp_path):
    """Each program fails in turn: what the failure stops does not run, and the first thing behind it does."""
    script, files, _, _ = case
    commands = read(script, files).commands
    tried = 0
    for position, command in enumerate(commands):
        program = plain(command.text)
        is_once = sum(plain(c.text) == program for c in commands) == 1
        if command.maybe is not None or program not in PROGRAMS or not is_once or "loop" in name or "until" in script:
            continue
        ran = [plain(line) for line in execute(script, files, tmp_path / str(position), failing=program)]
        end = len(commands) if command.stops_until is None else command.stops_until
        stopped = [plain(c.text) for c in commands[position + 1 : end] if c.maybe is None]
        after = [plain(c.text) for c in commands[end:] if c.maybe is None]
        if name not in _UNORDERED and "while" not in name:
            assert not set(of_stubs(stopped)) & set(ran[ran.index(program) + 1 :]), (program, ran)
            assert of_stubs(after)[:1] == [] or of_stubs(after)[0] in ran, (program, ran)
        tried += 1
    assert tried or not of_stubs(case[2]) or "until" in script or "for" in script


class Writer:
    """Writes a random script: steps with names of their own, behind conditions on variables that only the caller sets."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._steps = iter("abcdefgs" * 20)
        self.variables: list[str] = []

    def script(self) -> str:
        return "\n".join(self.statement(2) for _ in range(3))

    def step(self) -> str:
        return f"{next(self._steps)} {self._random.randrange(1000)}"

    def condition(self) -> str:
        self.variables.append(f"X{len(self.variables)}")
        return f'[ "${self.variables[-1]}" ]'

    def statement(self, depth: int) -> str:
        if len(self.variables) > 3:
            return self.step()
        forms = [self.step, self.step, self.behind, self.behind, self.end]
        if depth:
            inner = [self.branches, self.branches, self.cases, self.function, self.subshell, self.loop, self.loop]
            forms += [lambda form=form: form(depth - 1) for form in inner]
        return self._random.choice(forms)()

    def behind(self) -> str:
        return f"{self.condition()} {self._random.choice(['&&', '||'])} {self.step()}"

    def end(self) -> str:
        return f"{self.condition()} && exit 0"

    def branches(self, depth: int) -> str:
        more = [f"elif {self.condition()}; then\n{self.statement(depth)}\n" for _ in range(self._random.randrange(2))]
        otherwise = [f"else\n{self.statement(depth)}\n"] * self._random.randrange(2)
        return f"if {self.condition()}; then\n{self.statement(depth)}\n{''.join([*more, *otherwise])}fi"

    def cases(self, depth: int) -> str:
        name = self.condition().split('"')[1]
        default = [f"*) {self.statement(depth)};;\n"] * self._random.randrange(2)
        return f'case "{name}" in\n1) {self.statement(depth)};;\n{"".join(default)}esac'

    def function(self, depth: int) -> str:
        name = f"f{self._random.randrange(10**6)}"
        return f"{name}() {{\n{self.condition()} && return 0\n{self.statement(depth)}\n}}\n{name}"

    def loop(self, depth: int) -> str:
        leave = self._random.choice(["break", "continue", "exit 0"])
        return f"for i in 1 2; do\n{self.step()}\n{self.condition()} && {leave}\n{self.statement(depth)}\ndone"

    def subshell(self, depth: int) -> str:
        return f"(\n{self.statement(depth)}\n{self.step()}\n)"


@pytest.mark.parametrize("seed", range(25))
def test_what_a_real_shell_starts_in_every_case_is_foreseen(seed, tmp_path):
    writer = Writer(seed)
    script = writer.script()
    commands = [c for c in read(script, {}).commands if plain(c.text) in PROGRAMS]
    counts = {guard.of: guard.count for command in commands for guard in command.conditions}
    cases = [dict(zip(counts, outcomes, strict=True)) for outcomes in itertools.product(*map(range, counts.values()))]
    foreseen = {tuple(c.text for c in commands if c.runs_where(case)) for case in cases}
    settings = itertools.product(("", "1"), repeat=len(writer.variables))
    ran = {
        tuple(
            execute(
                script,
                {},
                tmp_path / "".join(values or ("none",)) / str(n),
                **dict(zip(writer.variables, values, strict=True)),
            )
        )
        for n, values in enumerate(settings)
    }
    assert ran <= foreseen, script
    assert ran == foreseen or "for" in script, script  # each turn of a loop asks anew, as far as is known


UNDECIDED = {
    "an unknown program": ("$TOOL x", "is only known at run time"),
    "an unknown script": ('sh "$FILE"', "is only known at run time"),
    "a script that is not there": ("sh nowhere.sh", "no file of the project is copied to the script"),
    "a script that is not there, by its path": ("./nowhere.sh", "no file of the project is copied to the script"),
    "a sourced script that is not there": (". ./nowhere", "no file of the project"),
    "eval": ('eval "$X"', "what eval runs"),
    "a shell that reads its input": ("a | sh", "reads its commands from standard input"),
    "a trap": ("trap 'a' EXIT", "a trap runs"),
    "no shell": ("if then )(", "this shell code cannot be parsed"),
    "an endless call": ("sh self.sh", "scripts call each other in an endless loop"),
    "from an unknown folder": ('cd "$X"\n./y.sh', "the folder from which"),
    "too deep": ("( " * 3000 + "a" + " )" * 3000, "nested too deeply"),
    "an unknown text": ('sh -c "$X"', "the text passed to the shell"),
    "a script handed to another program": ("keeper -v ./self.sh", "whether keeper runs the script passed to it"),
}


@pytest.mark.parametrize(("script", "reason"), UNDECIDED.values(), ids=UNDECIDED)
def test_what_cannot_be_known_is_reported(script, reason):
    run = read(script, {"self.sh": "sh self.sh\n"})
    assert reason in " ".join(u.reason for u in run.undecided)


WRAPPERS = [
    "tini -g --",
    "env A=1",
    "setpriv --reuid=1000 --clear-groups --",
    "doas -u app",
    "s6-setuidgid app",
    "stdbuf -oL",
    "ionice -c3",
    "uv run --frozen",
    "poetry run",
    "bundle exec",
    "doppler run -p x --",
    "ddtrace-run",
    "wait-for-it.sh db:5432 -t 30 --",
    "dockerize -wait tcp://db:5432 --",
    "runuser -u app --",
    "cross-env A=1",
]


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_what_a_wrapper_starts_is_followed(wrapper):
    run = read(f"{wrapper} ./x.sh", {"x.sh": "b 1\n"})
    assert ([c.text for c in run.commands][1:], run.undecided) == (["b 1"], ())


@pytest.mark.parametrize("program", ["chmod +x", "cp -p", "sed -i s/a/b/"])
def test_what_handles_a_script_as_a_file_does_not_run_it(program):
    run = read(f"{program} ./x.sh", {"x.sh": "b 1\n"})
    assert (len(run.commands), run.undecided) == (1, ())


def test_places_are_those_of_the_files():
    run = read("#!/bin/sh\n\na\nsh x.sh\n", {"x.sh": "\nb\n"})
    assert [str(c.at) for c in run.commands] == ["e.sh:3", "e.sh:4", "/w/x.sh:2"]


def test_what_runs_in_the_background_is_reported():
    run = read("a &\nb", {})
    assert [(c.text, c.in_background, c.maybe is None) for c in run.commands] == [("a", True, False), ("b", False, True)]


def test_scripts_of_a_package():
    body = '{\n  "scripts": {\n    "prestart": "a",\n    "start": "b && c"\n  }\n}'
    files = {"package.json": body}
    assert [c.text for c in read("npm start", files).commands] == ["npm start", "a", "b", "c"]
    assert [c.text for c in read("pnpm run start", files).commands if c.maybe is None] == ["pnpm run start", "b", "c"]
    assert [c.maybe for c in read("pnpm start", files).commands][1] == "pnpm runs pre and post scripts from version 9 on"
    assert [str(c.at) for c in read("pnpm start", files).commands][2:] == ["/w/package.json:4"] * 2


@pytest.mark.parametrize(
    "words",
    [
        ["tini", "--", "x.sh", "1"],
        ["/sbin/tini", "-s", "--", "/w/x.sh", "1"],
        ["dumb-init", "/w/x.sh", "1"],
        ["su-exec", "node", "sh", "/w/x.sh", "1"],
        ["gosu", "node:node", "/w/x.sh", "1"],
        ["env", "-i", "X=1", "/w/x.sh", "1"],
        ["timeout", "-k", "5", "60", "/w/x.sh", "1"],
        ["sudo", "-u", "node", "-E", "/w/x.sh", "1"],
        ["nice", "-n", "5", "/w/x.sh", "1"],
        ["/bin/sh", "-ec", "exec /w/x.sh 1"],
        ["su", "node", "-c", "/w/x.sh 1"],
        ["busybox", "sh", "/w/x.sh", "1"],
    ],
    ids=" ".join,
)
def test_wrappers_are_seen_through(words):
    def find(path: str) -> ShellScript | None:
        return (
            ShellScript(text='#!/bin/sh\na "$1"\n', at=Location(path, 1))
            if path in ("/w/x.sh", "/usr/local/bin/x.sh")
            else None
        )

    run = run_words(words, Location("Dockerfile", 9), folder="/w", paths=Texts(find))
    assert run.commands[-1].text == "a 1"
    assert run.undecided == ()


# name: a script of so many parts
LONG = {
    "&&": lambda parts: " && ".join(f"a {n}" for n in range(parts)),
    "||": lambda parts: " || ".join(f"a {n}" for n in range(parts)),
    "tests": lambda parts: " && ".join(f"[ -f /{n} ]" for n in range(parts)) + " && a",
    "an if": lambda parts: "if " + " && ".join(f'[ "$A{n}" ]' for n in range(parts)) + "; then a; fi",
    "elif": lambda parts: "if a; then b;" + "".join(f" elif a {n}; then b;" for n in range(parts)) + " fi",
    "lines": lambda parts: "\n".join(f"a {n}" for n in range(parts)),
    "a pipe": lambda parts: " | ".join(f"a {n}" for n in range(parts)),
    "functions": lambda parts: "\n".join(f"f{n}() {{ a {n}; }}\nf{n}" for n in range(parts)),
    "variables": lambda parts: "\n".join(f"V{n}={n}\na $V{n}" for n in range(parts)),
    "sources": lambda parts: ". ./s.sh\n" * parts,
    "calls of one script": lambda parts: "sh ./s.sh\n" * parts,
    "loops": lambda parts: "\n".join(f"for i in a b; do a $i {n}; done" for n in range(parts)),
}


def steps(script: str) -> int:
    """How many functions are called to read it."""
    calls = 0

    def count(_frame: FrameType, event: str, _given: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        read(script, {"s.sh": "b"})
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("script", LONG.values(), ids=LONG)
def test_what_is_read_grows_no_faster_than_the_script(script):
    short, long = steps(script(20)), steps(script(80))
    assert long < 5 * short


def test_functions_that_call_each_other_more_than_once_end():
    assert "in an endless loop" in read("f() { f; f; }\nf", {}).undecided[0].reason
