"""What a simple command does to the walk: built-ins, functions, called scripts, texts for another shell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from migration_audit.artifacts.shell.builtins import OF_THE_SHELL, Builtin
from migration_audit.artifacts.shell.flow import NOTHING, ExecutionPoint, FailureEffect, ending
from migration_audit.artifacts.shell.parse import ShellScript
from migration_audit.artifacts.shell.path_lookup import full_path_at, not_copied
from migration_audit.artifacts.shell.path_state import PathKind, Paths
from migration_audit.artifacts.shell.statements import Statements
from migration_audit.artifacts.shell.words import ShellVariables, Word
from migration_audit.artifacts.shell.wrappers import (
    SHELLS,
    SILENT,
    CallKind,
    StartedProgram,
    classify,
    is_shell_script,
    is_supervisor,
    may_run_files,
    package_scripts,
    rule_files,
    settings_of,
    shebang,
    split_by_env,
    texts_in,
)
from migration_audit.model.image import Guard, StartedCommand, StartOutcome
from migration_audit.model.location import Location
from migration_audit.model.unset import is_open, readable

_MOST_DEPTH: Final = 20
_MOST_COMMANDS: Final = 2_000


class Walk(Statements):
    """One walk over everything that one start leads to."""

    def __init__(self, paths: Paths) -> None:
        """``paths`` knows what is in the image."""
        super().__init__(paths)
        self._commands: list[tuple[StartedCommand, FailureEffect]] = []
        self._children = 0
        self._builtins: dict[str, Builtin] = {
            **OF_THE_SHELL,
            "exec": self._exec,
            "cd": self._cd,
            "pushd": self._cd,
            "eval": self._eval,
            ".": self._source,
            "source": self._source,
            "trap": self._trap,
        }

    def made(self) -> StartOutcome:
        """What was found, in order."""
        commands = (
            replace(command, stops_until=position + 1 if scope.until == -1 else scope.until)
            for position, (command, scope) in enumerate(self._commands)
        )
        return StartOutcome(commands=tuple(commands), undecided=tuple(dict.fromkeys(self._undecided)))

    @property
    def position(self) -> int:
        """Of the next command."""
        return len(self._commands)

    def script(self, where: ExecutionPoint) -> None:
        """Walk a whole text."""
        if where.depth > _MOST_DEPTH or self.position > _MOST_COMMANDS:
            self.undecided(where.script.at.path, "scripts call each other in an endless loop", where.script.at)
            return
        try:
            self.program(where)
        except RecursionError:
            self.undecided(where.script.at.path, "its statements are nested too deeply", where.script.at)

    def start(self, words: Sequence[Word], at: Location, where: ExecutionPoint) -> None:
        """A simple command with these words."""
        if not words or where.is_over:
            return
        words = split_by_env(words)
        first = words[0]
        if not first.known:
            self._keep(words, at, where)
            self.change(words, at, where)
            self.undecided(first.text, f"which program {first.text} is, is only known at run time", at)
        elif first.text in where.state.functions:
            open_parts = len(self._undecided)
            position = self._keep(words, at, where, followed=0)
            self._call_function(words, where)
            self._mark_end(position, open_parts)
        elif first.text in self._builtins:
            self._builtins[first.text](list(words[1:]), at, where)
        elif re.sub(r"\A(?:/usr)?/bin/", "", first.text) not in SILENT:
            position = self._keep(words, at, where)
            before, open_parts = self._children, len(self._undecided)
            self._follow(words, at, where, position)
            if self._children == before:
                self.change(words, at, where)
            else:
                self._mark_end(position, open_parts)

    def _keep(self, words: Sequence[Word], at: Location, where: ExecutionPoint, *, followed: int | None = None) -> int:
        command = StartedCommand(
            words=tuple(readable(word.text) for word in words),
            at=at,
            unknown=tuple(position for position, word in enumerate(words) if not word.known),
            maybe=where.doubt,
            guards=where.guards,
            unless=where.unless,
            in_background=where.in_background,
            followed=followed,
        )
        self._commands.append((command, where.failure))
        return self.position - 1

    def _mark_end(self, position: int, open_parts: int) -> None:
        """What this command called has ended: how much it started, and nothing only where all of it could be followed."""
        inside = self.position - position - 1
        self._amend(position, inside=inside, is_idle=not inside and len(self._undecided) == open_parts)

    def _amend(self, position: int, **facts: Any) -> None:
        """More that is known of a command that was found."""
        command, scope = self._commands[position]
        self._commands[position] = (replace(command, **facts), scope)

    def _call_function(self, words: Sequence[Word], where: ExecutionPoint) -> None:
        if where.depth > _MOST_DEPTH or (where.function is not None and self.position > _MOST_COMMANDS):
            self.undecided(words[0].text, "functions call each other in an endless loop", where.script.at)
            return
        state = where.state
        script, body = state.functions[words[0].text]
        arguments, known = state.arguments, state.arguments_known
        state.arguments, state.arguments_known = list(words[1:]), True
        with ending(where.failure, lambda: self.position) as scope:
            function = where.inner_process(scope)
            inner = replace(where, script=script, function=function, depth=where.depth + 1, scope=where.failure)
            inner = replace(inner, loop=None, turn=None)
            self.node(body, inner)
        state.arguments, state.arguments_known = arguments, known

    def _follow(self, words: Sequence[Word], at: Location, where: ExecutionPoint, position: int) -> None:
        call = classify(words)
        if call is None:
            return
        self._first_of_shell(words, at, where)
        before = self._children
        if (gone := self.replaced_script(call, where)) is not None:
            self._amend(position, maybe=self._commands[position][0].maybe or gone)
        if call.kind is CallKind.TEXT:
            self._text(call, at, where)
        elif call.kind is CallKind.INPUT:
            self.undecided(" ".join(w.text for w in words), "the shell reads its commands from standard input", at)
        elif call.kind is CallKind.PACKAGE:
            for each in (call.target, *call.more):
                self._package(replace(call, target=each), at, where)
        elif call.kind is CallKind.ELSEWHERE:
            self.undecided(call.target.text, "it runs scripts of another package.json, which is not followed", at)
        else:
            self._file(call, at, where)
        if self._children > before:
            self._amend(position, followed=next((n for n, word in enumerate(words) if word is call.target), 0))

    def _first_of_shell(self, words: Sequence[Word], at: Location, where: ExecutionPoint) -> None:
        """The file that a variable makes bash, or an interactive shell, run first."""
        texts = [word.text.rpartition("/")[2] for word in words]
        name = "BASH_ENV" if "bash" in texts else "ENV" if "-i" in texts and not SHELLS.isdisjoint(texts) else ""
        loaded = where.state.value(name) if name else None
        if loaded and isinstance(found := self.found(Word(loaded), where), ShellScript):
            self._keep([Word(name), Word(loaded)], at, where, followed=1)
            self._child(found, (), where, errexit=False)

    def _child(self, script: ShellScript, arguments: Sequence[Word], where: ExecutionPoint, *, errexit: bool) -> None:
        """Another shell with a state of its own, whose failure is the failure of the command that started it."""
        self._children += 1
        state = ShellVariables(
            variables=dict(where.state.variables),
            arguments=list(arguments),
            folder=where.state.folder,
            errexit=errexit,
        )
        with ending(where.failure, lambda: self.position) as scope:
            inner = ExecutionPoint(
                state=state,
                script=script,
                process=where.inner_process(scope),
                scope=where.failure,
                maybe=where.doubt,
                guards=where.guards,
                in_background=where.in_background,
                depth=where.depth + 1,
            )
            self.script(inner)

    def _text(self, call: StartedProgram, at: Location, where: ExecutionPoint) -> None:
        if not call.target.known and not is_open(call.target.text):
            self.undecided(call.target.text, "the text passed to the shell is only known at run time", at)
            return
        self._child(ShellScript(text=call.target.text, at=at, is_inline=True), call.arguments, where, errexit=call.errexit)

    def _file(self, call: StartedProgram, at: Location, where: ExecutionPoint) -> None:
        name = call.target.text
        found = self.found(call.target, where, by_name=call.kind is CallKind.PROGRAM)
        if isinstance(found, ShellScript):
            line = shebang(found.text)
            if call.kind is CallKind.PROGRAM and not is_shell_script(found.text, name):
                self._handed(call, at, where)
                return
            errexit = call.errexit or bool(call.kind is CallKind.PROGRAM and line and line[1])
            self._child(found, call.arguments, where, errexit=errexit)
        elif isinstance(found, str):
            self.undecided(name, found, at)
        elif call.kind is CallKind.FILE or name.endswith(".sh"):
            self.undecided(name, not_copied(f"the script {name}"), at)
        else:
            self._handed(call, at, where)

    def _handed(self, call: StartedProgram, at: Location, where: ExecutionPoint) -> None:
        """A program that nothing is known of, and is given a script: it may be there to start it."""
        if is_supervisor(call) or any(self.found(Word(f"./{name}"), where) for name in rule_files(call)):
            reason = f"{call.target.text} runs what its own files specify, and those are not read"
            self.undecided(call.target.text, reason, at)
        for word in settings_of(call):
            found = self.found(Word(f"./{word.text}"), where)
            if isinstance(found, ShellScript):
                self._keep([word, *texts_in(found)], found.at, where, followed=0)
        for word in call.arguments if may_run_files(call) else ():
            found = self.found(word, where) if word.known and "/" in word.text else None
            if isinstance(found, ShellScript) and is_shell_script(found.text, word.text):
                self.undecided(word.text, f"it is not known whether {call.target.text} runs the script passed to it", at)

    def _package(self, call: StartedProgram, at: Location, where: ExecutionPoint) -> None:
        found = self.found(Word("./package.json"), where)
        name = call.target.text
        if not call.target.known:
            self.undecided(name, "which script of package.json it is, is only known at run time", at)
            return
        if not isinstance(found, ShellScript):
            self.undecided(name, found or not_copied("package.json"), at)
            return
        try:
            scripts = list(package_scripts(found, call))
        except ValueError:
            self.undecided(name, f"{found.at.path} is not valid JSON", at)
            return
        for script, is_named in scripts:
            guard = Guard(of=self.condition(), outcomes=frozenset({0}))
            here = where.only(call.around_doubt, guard) if call.around_doubt and not is_named else where
            self._child(script, call.arguments, here, errexit=False)

    def _exec(self, words: list[Word], at: Location, where: ExecutionPoint) -> None:
        while words and words[0].text in ("-a", "-c", "-l"):
            words = words[2:] if words[0].text == "-a" else words[1:]
        if words:
            self.start(words, at, where)
            where.end(where.process, failed=False, at=at, by="exec")

    def _cd(self, words: list[Word], _: Location, where: ExecutionPoint) -> None:
        state = where.state
        target = next((w for w in words if not w.text.startswith("-")), None)
        if target is None or not target.known or (state.folder is None and not target.text.startswith("/")):
            state.folder = None
        else:
            full = full_path_at(target.text, where)
            before, after = self._paths.standing(full), self.standing(full)
            if where.failure is not NOTHING or (after.kind is PathKind.UNKNOWN and after == before):
                state.folder = full  # what only the base image may have is taken to be there
            elif after.kind not in (PathKind.NOTHING, PathKind.FILE):  # else it fails, and the script goes on where it is
                state.folder = full if after.kind is PathKind.FOLDER else None

    def _eval(self, words: list[Word], at: Location, where: ExecutionPoint) -> None:
        text = " ".join(word.text for word in words)
        if all(word.known for word in words):
            self.script(where.in_script(ShellScript(text=text, at=at, is_inline=True)))
        else:
            self.change(words, at, where)
            self.undecided(f"eval {text}", "what eval runs is only known at run time", at)

    def _source(self, words: list[Word], at: Location, where: ExecutionPoint) -> None:
        found = self.found(words[0], where, by_name=True) if words else "it does not name a file"
        if isinstance(found, ShellScript):
            self._keep([Word("."), *words], at, where, followed=1)
            self.script(where.in_script(found))
        else:
            name = words[0].text if words else "."
            self.change(words or [Word(".")], at, where)
            self.undecided(f". {name}", found or not_copied(f"the script {name}"), at)

    def _trap(self, words: list[Word], at: Location, _: ExecutionPoint) -> None:
        if words and words[0].text not in ("", "-"):
            self.undecided(f"trap {words[0].text}", "a trap runs at a signal or at exit", at)
