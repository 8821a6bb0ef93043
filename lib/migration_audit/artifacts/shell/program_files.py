"""What programs start by files of their own: scripts of package.json, and the settings of process managers."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Final

from migration_audit.artifacts.shell.parse import ShellScript
from migration_audit.artifacts.shell.words import Word
from migration_audit.artifacts.shell.wrappers import StartedProgram
from migration_audit.model.location import Location, line_at

_PROCESS_MANAGERS: Final = frozenset({"pm2", "pm2-runtime", "pm2-dev"})
_SETTINGS: Final = re.compile(r"\.(?:[cm]?js|json|ya?ml)\Z")


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
