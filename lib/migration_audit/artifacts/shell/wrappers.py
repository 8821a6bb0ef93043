"""What the words of a command start in the end: through wrappers such as ``env`` and ``tini``, or a shell."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from migration_audit.artifacts.shell.parse import ShellScript
from migration_audit.artifacts.shell.words import Word
from migration_audit.artifacts.text import word_set
from migration_audit.model.location import Location, line_at

SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})
SILENT: Final = frozenset({"echo", "printf", ":", "true", "false", "test", "[", "local", "wait", "read", "umask", "ulimit"})
"""Built into the shell, and nothing that a step could be."""
_WITHOUT_VALUE: Final = {
    "env": "i0v",
    "sudo": "EHnSbiks",
    "doas": "Lns",
    "nice": "",
    "ionice": "t",
    "stdbuf": "",
    "chpst": "vP012",
    "timeout": "fpv",
    "command": "p",
    "time": "pv",
}
"""Options of wrappers that stand alone; the other one-letter options take a value."""
_SPLIT: Final = re.compile(r"-[i0v]*S(.*)|--split-string=?(.*)", re.DOTALL)
"""Of env: what follows is a whole command."""
_OPERANDS: Final = {"su-exec": 1, "gosu": 1, "s6-setuidgid": 1, "timeout": 1, "chroot": 1, "flock": 1}
"""How many words of its own a wrapper takes before the command."""
_PLAIN: Final = word_set(
    "tini dumb-init catatonit docker-init nohup setsid setpriv npx busybox exec with-contenv cross-env ddtrace-run "
    "opentelemetry-instrument"
)
_WRAPPERS: Final = frozenset({*_WITHOUT_VALUE, *_OPERANDS, *_PLAIN})
_RUNNERS: Final = {
    **dict.fromkeys(["uv", "poetry", "pdm", "pipenv", "hatch", "doppler", "infisical", "op"], "run"),
    "bundle": "exec",
    "newrelic-admin": "run-program",
}
"""Programs with a subcommand that starts what follows it."""
_WAITERS: Final = frozenset({"wait-for-it.sh", "wait-for-it", "wait-for", "dockerize", "runuser", "dotenv"})
"""Programs that start what follows their ``--``."""
_SUPERVISORS: Final = word_set("supervisord crond cron s6-svscan runsvdir circusd honcho foreman overmind systemd")
_PROCESS_MANAGERS: Final = frozenset({"pm2", "pm2-runtime", "pm2-dev"})
_SETTINGS: Final = re.compile(r"\.(?:[cm]?js|json|ya?ml)\Z")
_RULE_FILES: Final = {
    **dict.fromkeys(["make", "gmake"], ("Makefile", "makefile", "GNUmakefile")),
    "just": ("justfile", "Justfile", ".justfile"),
    "task": ("Taskfile.yml", "Taskfile.yaml"),
    "rake": ("Rakefile",),
}
"""Programs that run what a file of the project says."""
_TAKES_FILES: Final = word_set(
    "awk basename cat chgrp chmod chown cmp cp diff dirname dos2unix file find grep head install ln ls mkdir mv readlink "
    "realpath rm sed shellcheck stat tail tar tee touch wc which"
)
_MANAGERS: Final = frozenset({"npm", "pnpm", "yarn"})
_ELSEWHERE: Final = re.compile(r"--(?:prefix|cwd|dir|workspaces?|filter)(?:=.*)?|-[CwFr]|workspaces?")
"""Options and words by which a package manager runs a script of another folder."""
_NO_SCRIPTS: Final = re.compile(r"add|audit|ci|dedupe|fetch|focus|i|install|prune|rebuild|remove|version")
"""What a package manager does with packages alone."""
_BARE_SCRIPTS: Final = frozenset({"start", "test", "stop", "restart"})


class CallKind(StrEnum):
    """Where to read on."""

    TEXT = "text"
    """A shell gets a text."""
    FILE = "file"
    """A shell gets a file."""
    PROGRAM = "program"
    """Anything else: a program, or a script with a first line of its own."""
    PACKAGE = "package"
    """Scripts of package.json."""
    ELSEWHERE = "elsewhere"
    """What a file says that is not read: a script of another package, a rule of a Makefile."""
    INPUT = "input"
    """A shell reads its commands from its input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedProgram:
    """What a command starts."""

    kind: CallKind
    target: Word
    """The text, the path or the name."""
    arguments: tuple[Word, ...] = ()
    more: tuple[Word, ...] = ()
    """Of scripts of a package: those behind the first."""
    errexit: bool = False
    """``sh -e``."""
    runs_pre_and_post: bool = False
    """Of a package script: whether the manager runs ``prestart`` and ``poststart`` around ``start``."""
    around_doubt: str = ""
    """Why it may not run these two."""


def classify(words: Sequence[Word]) -> StartedProgram | None:
    """What these words start; None where it is nothing that could be followed, such as ``env`` alone."""
    rest = list(words)
    while rest and rest[0].known:
        name = _base(rest[0].text)
        if name == "command" and any(word.text in ("-v", "-V") for word in rest[1:2]):
            return None
        behind = _behind_wrapper(name, rest[1:]) if name in _WRAPPERS else _behind_runner(name, rest[1:])
        if behind is None:
            break
        rest = behind
    if not rest:
        return None
    name = _base(rest[0].text) if rest[0].known else ""
    if name in SHELLS:
        return _shell(rest[1:])
    if name == "su":
        return _su(rest[1:])
    package = _package(name, rest) if name in _MANAGERS else _several(name, rest[1:])
    return package or StartedProgram(kind=CallKind.PROGRAM, target=rest[0], arguments=tuple(rest[1:]))


def split_by_env(words: Sequence[Word]) -> list[Word]:
    """The words with the text of ``env -S "node x.js"`` as words of their own."""
    for position, word in enumerate(words[1:], start=1):
        split = _SPLIT.fullmatch(word.text) if word.known and _base(words[0].text) == "env" else None
        if split is not None:
            rest = list(words[position + 1 :])
            text = split[1] or split[2] or (rest.pop(0).text if rest and rest[0].known else "")
            return [*words[:position], *(Word(part) for part in text.split()), *rest]
        if not word.text.startswith("-") and "=" not in word.text:
            break
    return list(words)


def is_supervisor(call: StartedProgram) -> bool:
    """Whether the program starts others, which files of its own name."""
    return call.target.known and (call.target.text == "/init" or _base(call.target.text) in _SUPERVISORS)


def rule_files(call: StartedProgram) -> tuple[str, ...]:
    """The files whose rules the program runs."""
    return _RULE_FILES.get(_base(call.target.text), ()) if call.target.known else ()


def may_run_files(call: StartedProgram) -> bool:
    """Whether the program may start a script that it is given; those that only handle files do not."""
    return call.target.known and _base(call.target.text) not in _TAKES_FILES


def _base(text: str) -> str:
    return text.rpartition("/")[2]


def _behind_wrapper(name: str, words: list[Word]) -> list[Word]:
    rest = list(words)
    alone = _WITHOUT_VALUE.get(name, "")
    while rest and rest[0].known and rest[0].text.startswith("-") and rest[0].text != "-":
        option = rest.pop(0).text
        if option == "--":
            break
        takes_value = len(option) == 2 and option[1] not in alone and name not in _PLAIN
        if (takes_value or (name == "tini" and option in ("-p", "-e"))) and rest:
            rest.pop(0)
    if name in ("env", "sudo", "doas", "cross-env"):
        while rest and re.match(r"[A-Za-z_]\w*=", rest[0].text):
            rest.pop(0)
    return rest[_OPERANDS.get(name, 0) :]


def _behind_runner(name: str, words: list[Word]) -> list[Word] | None:
    """What ``uv run --frozen``, ``doppler run --`` and ``wait-for-it.sh db:5432 --`` start; None for other programs."""
    texts = [word.text for word in words]
    if name in _WAITERS and "--" in texts:
        return words[texts.index("--") + 1 :]
    if not words or texts[0] != _RUNNERS.get(name):
        return None
    if "--" in texts:
        return words[texts.index("--") + 1 :]
    first = next((n for n, text in enumerate(texts) if n and not text.startswith("-")), len(texts))
    return words[first:]


def _shell(words: list[Word]) -> StartedProgram | None:
    rest, errexit, is_text = list(words), False, False
    while rest and rest[0].text[:1] in ("-", "+") and len(rest[0].text) > 1:
        option = rest.pop(0).text
        if option == "--":
            break
        if option.startswith("--"):
            continue
        is_text = is_text or "c" in option[1:]
        errexit = errexit or (option[0] == "-" and "e" in option[1:])
        if option[-1] == "o" and rest:
            errexit = rest.pop(0).text == "errexit" or errexit
    if not rest:
        return StartedProgram(kind=CallKind.INPUT, target=Word("standard input"))
    kind = CallKind.TEXT if is_text else CallKind.FILE
    arguments = rest[2:] if is_text else rest[1:]
    return StartedProgram(kind=kind, target=rest[0], arguments=tuple(arguments), errexit=errexit)


def _su(words: list[Word]) -> StartedProgram | None:
    for position, word in enumerate(words[:-1]):
        if word.text in ("-c", "--command"):
            return StartedProgram(kind=CallKind.TEXT, target=words[position + 1])
    return None


def _several(name: str, words: list[Word]) -> StartedProgram | None:
    """``npm-run-all clean build``, ``run-s a b``, ``node --run start``, ``concurrently "npm:a" "b c"``."""
    plain = [word for word in words if not word.text.startswith("-")]
    if name in ("npm-run-all", "npm-run-all2", "run-s", "run-p") and plain:
        return StartedProgram(kind=CallKind.PACKAGE, target=plain[0], more=tuple(plain[1:]), runs_pre_and_post=True)
    if name == "concurrently" and plain:
        text = "; ".join(re.sub(r"\A(?:npm|pnpm|yarn|bun|node):", "npm run ", word.text) for word in plain)
        return StartedProgram(kind=CallKind.TEXT, target=Word(text, known=all(word.known for word in plain)))
    if name == "node" and len(words) > 1 and words[0].text == "--run":
        return StartedProgram(kind=CallKind.PACKAGE, target=words[1])
    return None


def _package(manager: str, words: list[Word]) -> StartedProgram | None:
    """``npm run build``, ``npm start``, ``pnpm build``, ``yarn start``."""
    texts = [word.text for word in words[1:]]
    runs = not any(map(_NO_SCRIPTS.fullmatch, texts))
    if runs and any(_ELSEWHERE.fullmatch(text) for text in texts[: texts.index("--") if "--" in texts else 4]):
        return StartedProgram(kind=CallKind.ELSEWHERE, target=Word(" ".join(word.text for word in words)))
    rest = [word for word in words[1:] if not word.text.startswith("-")]
    if not rest or not rest[0].known:
        return None
    if rest[0].text in ("run", "run-script"):
        rest = rest[1:]
    elif rest[0].text in ("exec", "dlx", "x") and len(rest) > 1:
        return classify(rest[1:])
    elif manager == "npm" and rest[0].text not in _BARE_SCRIPTS:
        return None
    if not rest:
        return None
    return StartedProgram(
        kind=CallKind.PACKAGE,
        target=rest[0],
        arguments=tuple(rest[1:]),
        runs_pre_and_post=True,
        around_doubt="pnpm runs pre and post scripts from version 9 on" if manager == "pnpm" else "",
    )


def shebang(text: str) -> tuple[str, bool] | None:
    """The program of a script's ``#!`` line, and whether it has ``-e``; None without such a line.

    >>> shebang("#!/usr/bin/env -S bash -eu")
    ('bash', True)
    """
    first = text.partition("\n")[0]
    if not first.startswith("#!"):
        return None
    words = first[2:].split()
    names = [word for word in words if not word.startswith("-")]
    program = next((_base(name) for name in names if _base(name) != "env"), "")
    errexit = any(re.fullmatch(r"-[a-z]*e[a-z]*", word) for word in words)
    return program, errexit


def is_shell_script(text: str, name: str) -> bool:
    """Whether a shell runs a file that is called as a program."""
    line = shebang(text)
    return line[0] in SHELLS if line else name.endswith(".sh")


def package_scripts(package: ShellScript, call: StartedProgram) -> Iterator[tuple[ShellScript, bool]]:
    """The scripts of package.json that a call runs, in order, and whether each is the named one. Raises ValueError."""
    whole = json.loads(package.text)
    scripts = (whole.get("scripts") if isinstance(whole, dict) else None) or {}
    name = call.target.text
    chosen = [each for each in scripts if fnmatchcase(each, name)] if "*" in name else [name] if name in scripts else []
    around = ("pre", "", "post") if call.runs_pre_and_post else ("",)
    for each, when in ((f"{when}{one}", when) for one in chosen for when in around):
        if isinstance(text := scripts.get(each), str):
            at = Location(package.at.path, _line_of_key(package.text, each))
            yield ShellScript(text=text, at=at, is_inline=True), not when


def settings_of(call: StartedProgram) -> list[Word]:
    """The files in which a process manager looks for what it starts."""
    if not call.target.known or posixpath.basename(call.target.text) not in _PROCESS_MANAGERS:
        return []
    return [word for word in call.arguments if word.known and _SETTINGS.search(word.text)]


def texts_in(settings: ShellScript) -> list[Word]:
    """The words of each text of such a file: any of them may be a program."""
    texts = re.findall(r"""["']([^"'\n]+)["']""", settings.text)
    return [Word(each) for text in texts for each in text.split()]


def _line_of_key(text: str, key: str) -> int:
    """The line of a script's name in package.json; 1 where it is written in an odd way."""
    at = text.find(json.dumps(key), text.find('"scripts"'))
    return line_at(text, max(at, 0))
