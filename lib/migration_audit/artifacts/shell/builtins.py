"""Built-ins that change nothing but the state of the shell that they are in: options, arguments, aliases, its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from migration_audit.artifacts.shell.flow import ExecutionPoint, Process
from migration_audit.artifacts.shell.parse import ShellScript, parse_shell
from migration_audit.artifacts.shell.words import Word
from migration_audit.model.location import Location

Builtin = Callable[[list[Word], Location, ExecutionPoint], None]
"""What it does with its words, at a place, at a point of the execution."""


def _set(words: list[Word], at: Location, where: ExecutionPoint) -> None:
    state = where.state
    rest = list(words)
    while rest and rest[0].text[:1] in ("-", "+"):
        option = rest.pop(0).text
        if option == "--":
            state.arguments, state.arguments_known = rest, all(w.known for w in rest)
            return
        names = option[1:]
        if names.endswith("o") and rest:
            long = rest.pop(0).text
            state.pipefail = option[0] == "-" if long == "pipefail" else state.pipefail
            names = names[:-1] + {"errexit": "e", "noexec": "n"}.get(long, "")
        if "e" in names:
            state.errexit = option[0] == "-"
        if "n" in names and option[0] == "-":
            where.end(where.process, failed=False, at=at, by="set -n")
    if rest:
        state.arguments, state.arguments_known = rest, all(w.known for w in rest)


def _shift(words: list[Word], _: Location, where: ExecutionPoint) -> None:
    state = where.state
    count = words[0].text if words else "1"
    if count.isdigit() and state.arguments_known:
        state.arguments = state.arguments[int(count) :]
    else:
        state.arguments, state.arguments_known = [], False


def _alias(words: list[Word], at: Location, where: ExecutionPoint) -> None:
    """An alias is a function that hands its arguments on; of one that calls itself, the program is meant."""
    for word in words:
        name, equals, value = word.text.partition("=")
        if equals and word.known and value.split()[:1] != [name]:
            script = ShellScript(text=f'{{ {value} "$@"; }}', at=at, is_inline=True)
            where.state.functions[name] = (script, parse_shell(script.text).named_children[0])


def _unalias(words: list[Word], _: Location, where: ExecutionPoint) -> None:
    names = list(where.state.functions) if any(word.text == "-a" for word in words) else [word.text for word in words]
    for name in names:
        where.state.functions.pop(name, None)


def _hash(words: list[Word], at: Location, where: ExecutionPoint) -> None:
    """``hash -p FILE NAME``: from here on the name is this file."""
    if len(words) > 2 and words[0].text == "-p":
        for name in words[2:]:
            _alias([Word(f"{name.text}={words[1].text}", known=words[1].known and name.known)], at, where)


def _read(words: list[Word], _: Location, where: ExecutionPoint) -> None:
    where.state.variables |= dict.fromkeys(word.text for word in words if not word.text.startswith("-"))


def _printf(words: list[Word], at: Location, where: ExecutionPoint) -> None:
    if [word.text for word in words[:1]] == ["-v"]:
        _read(words[1:2], at, where)


def _popd(_: list[Word], __: Location, where: ExecutionPoint) -> None:
    where.state.folder = None


def _ending(by: str, level: Callable[[ExecutionPoint], Process | None], *, may_fail: bool = False) -> Builtin:
    """A built-in that ends a level, if there is one."""

    def run(words: list[Word], at: Location, where: ExecutionPoint) -> None:
        if (ended := level(where)) is not None:
            where.end(ended, failed=may_fail and _is_failure(words, where), at=at, by=by)

    return run


def _is_failure(words: list[Word], where: ExecutionPoint) -> bool:
    """Whether ``exit`` or ``return`` with these words gives another status than 0."""
    if not words or not words[0].known:
        return where.after_failure and (not words or words[0].text.strip('"') == "$?")
    return words[0].text != "0"


OF_THE_SHELL: Final[Mapping[str, Builtin]] = {
    "set": _set,
    "shift": _shift,
    "alias": _alias,
    "unalias": _unalias,
    "hash": _hash,
    "read": _read,
    "printf": _printf,
    "popd": _popd,
    "exit": _ending("exit", lambda where: where.process, may_fail=True),
    "return": _ending("return", lambda where: where.function or where.process, may_fail=True),
    "break": _ending("break", lambda where: where.loop),
    "continue": _ending("continue", lambda where: where.turn),
}
