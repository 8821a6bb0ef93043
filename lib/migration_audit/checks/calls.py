"""Where a file calls, imports or runs what a rule names. Pure: paths are compared as text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from migration_audit.checks.code_scopes import (
    CONTAINERS,
    PROGRAMS,
    SCRIPT_RUNNERS,
    base,
    command_parts,
    commands_in,
    ends_in_one,
    fits_one,
    word_pattern,
)
from migration_audit.checks.given_code import code_in, undecided_code, undecided_script
from migration_audit.model.code import CodeFile, Import, Literal, ManifestScript
from migration_audit.model.location import Location

if TYPE_CHECKING:
    from migration_audit.project import AuditRule

HOLE: Final = "…"
_EVERYTHING: Final = "."
"""The local name of an import that binds every name of a module by itself."""
_EXTENSION: Final = re.compile(r"\.(?:d\.)?(?:[cm]?[jt]sx?|pyi?|go)\Z")
_COMMANDS_ARE_READ: Final = frozenset({"JSON", "TOML", "shell", "SQL"})
_VERSION: Final = re.compile(r"(?<=[\w*])@[\w.^~*-]+\Z")
"""What follows the name of a package: ``node-pg-migrate@7``."""
_VARIABLE: Final = re.compile(r"\$(?:\{[^}]*\}|\w+|[@*])")
_PROGRAM_FOLDERS: Final = frozenset({".", "bin", ".bin", "sbin"})
_LOADS_UNKNOWN: Final = re.compile(r"\b(?:import|require|import_module|__import__)\s*\(\s*(?![\s'\"`])")
_BUILT: Final = frozenset({"dist", "build", "out", "lib"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One place that uses what the rule names."""

    what: str
    """``calls migrate``: what the place does, for a sentence."""
    kind: str
    """``call``, ``import``, ``script``: for the key."""
    name: str
    at: Location


def uses_in(file: CodeFile, rule: AuditRule, *, package_stays: bool = False) -> Iterator[Use]:
    """Every use of the rule's functions and module in this file, in the order of its lines.

    ``package_stays``: the module shares its package with others, and Go imports packages: an import alone says nothing.
    """
    imports = () if package_stays else _imports(file, rule)
    found = [*imports, *_calls(file, rule), *_scripts(file, rule), *_commands(file, rule)]
    return iter(sorted(found, key=lambda use: (use.at, use.kind, use.name)))


def may_use(text: str, rule: AuditRule) -> bool:
    """Whether a text that could not be read names what the rule names, or loads a module that only a run knows."""
    if any(word_pattern(_telling(name)).search(text) for name in rule.what):
        return True
    if rule.module is None:
        return False
    loads = any(re.search(_mention(stem, rule.module), text) for stem in _stems(rule.module))
    return loads or bool(_LOADS_UNKNOWN.search(text))


def _telling(name: str) -> str:
    """The last part of a dotted name that is not all wildcards; all of them: everything is meant."""
    return next((part for part in reversed(name.split(".")) if part.strip("*?")), "*")


def _mention(stem: str, module: str) -> str:
    last = re.escape(stem.rpartition("/")[2])
    return rf"/{last}[\"'`]" if module.endswith(".go") else rf"(?<![\w$]){last}(?![\w$])"


def undecided_imports(file: CodeFile) -> Iterator[Import]:
    """Imports of which only the running program knows the module."""
    return (each for each in file.imports if each.written.strip() == HOLE)


def means_module(one: Import, module: str) -> bool:
    """Whether an import may load ``module``, a file of the project."""
    return any(_same(candidate, stem) for candidate in one.candidates for stem in _stems(module))


def _stems(module: str) -> tuple[str, ...]:
    bare = _EXTENSION.sub("", module)
    folder = bare.rpartition("/")[0]
    if module.endswith(".go"):
        return (folder,)  # a package is a folder
    return (folder,) if bare.endswith(("/index", "/__init__")) else (bare,)


def _same(candidate: str, stem: str) -> bool:
    whole = candidate.removeprefix("*/")
    pattern = "[^/]*".join(map(re.escape, whole.split(HOLE)))
    if candidate.startswith("*/"):
        return bool(re.search(rf"(?:\A|/){pattern}\Z", stem))
    return bool(re.fullmatch(pattern, stem))


def _imports(file: CodeFile, rule: AuditRule) -> Iterator[Use]:
    for one in file.imports:
        parts = _module_parts(one, file)
        spelt = {name: (*parts, name) for name, _ in one.names if name not in {"*", "default"}}
        names = [name for name, path in spelt.items() if ends_in_one(path, rule.what)]
        hosts = [host for host, dot, _ in (name.rpartition(".") for name in rule.what) if dot]
        if _EVERYTHING in {local for _, local in one.names} and ends_in_one(parts, hosts):
            yield Use(what=f"imports everything from {one.written}", kind="import", name=one.written, at=one.at)
        elif rule.module is not None and means_module(one, rule.module):
            yield Use(what=f"loads the module {one.written}", kind="import", name=one.written, at=one.at)
        elif (library := _library(one, file, rule)) is not None:
            yield Use(what=f"imports {library}", kind="import", name=library, at=one.at)
        elif names:
            yield Use(what=f"imports {names[0]} from {one.written}", kind="import", name=names[0], at=one.at)


def _library(one: Import, file: CodeFile, rule: AuditRule) -> str | None:
    """The library that an import brings, where the rule names it: by anything but a function's name, or as a whole."""
    parts = _module_parts(one, file)
    if parts and "_" in {local for _, local in one.names} and f"{parts[0]}.*" in rule.what:
        return parts[0]  # import _ "…/goose": it is there for what it does by itself
    if file.language == "Python" or one.written.startswith((".", "/", "@/", "~/", "#")):
        return None
    package = "/".join(one.written.split("/")[: 2 if one.written.startswith("@") else 1]).removeprefix("npm:")
    return package if fits_one(package, [name for name in rule.what if re.search(r"[-@/]", name)]) else None


def _calls(file: CodeFile, rule: AuditRule) -> Iterator[Use]:
    names = _Names(file, rule)
    for call in file.calls:
        path = tuple(part.removeprefix("#") for part in call.path)
        if names.mean(path):
            does = "hands on" if call.handed_on else "calls"
            is_renamed = path[0] in names.meant and not fits_one(path[0], rule.what)
            renamed = f" ({names.meant[path[0]]} under another name)" if is_renamed else ""
            yield Use(what=f"{does} {call.callee}{renamed}", kind="call", name=call.callee, at=call.at)


class _Names:
    """The names that a file has, by its imports, for what a rule names."""

    def __init__(self, file: CodeFile, rule: AuditRule) -> None:
        names = [(name, local, one) for one in file.imports for name, local in one.names]
        self._what = rule.what
        self._libraries = [name for name in rule.what if name.endswith(".*")]
        self._bound = _bound(file)
        self._imported = {local for _, local, _ in names}
        self._defaults = {local for name, local, _ in names if name == "default"}
        self.meant = {local: name for name, local, one in names if _is_meant(name, one, rule)}

    def mean(self, path: tuple[str, ...]) -> bool:
        """Whether a call of this path is a call of what the rule names."""
        return (
            ends_in_one(path, self._what)
            or ends_in_one(self._spelt_out(path), self._what)
            or self._is_meant(path)
            or (path[-1] in {"call", "apply", "bind"} and (ends_in_one(path[:-1], self._what) or self._is_meant(path[:-1])))
            or self._is_within_library(path)
        )

    def _is_meant(self, path: tuple[str, ...]) -> bool:
        return len(path) == 1 and path[0] in self.meant

    def _spelt_out(self, path: tuple[str, ...]) -> tuple[str, ...]:
        # What a module exports by default has any name; its members are taken for those of the module.
        is_bound = path[0] in self._bound and (len(path) > 1 or path[0] not in self._defaults)
        return (*self._bound[path[0]], *path[1:]) if is_bound else path

    def _is_within_library(self, path: tuple[str, ...]) -> bool:
        """``goose.x.y(…)`` where the rule names ``goose.*``."""
        starts = (path[:length] for length in range(2, len(path)))
        return path[0] in self._imported and any(ends_in_one(start, self._libraries) for start in starts)


def _is_meant(name: str, one: Import, rule: AuditRule) -> bool:
    """Whether an import brings one of the rule's functions, or what the module exports by default."""
    if name == "default":
        return rule.module is not None and means_module(one, rule.module)
    return name != "*" and fits_one(name, rule.what)


def _bound(file: CodeFile) -> dict[str, tuple[str, ...]]:
    """What imports bind, spelt out: ``{"cmd": ("alembic", "command")}`` for ``from alembic import command as cmd``."""
    found = {}
    for one in file.imports:
        parts = _module_parts(one, file)
        for name, local in one.names:
            is_first_part = name == "*" and len(parts) > 1 and local == parts[0]  # import a.b: a is only a
            if parts and not is_first_part:
                found[local] = parts if name in {"*", "default"} else (*parts, name)
    return found


def _module_parts(one: Import, file: CodeFile) -> tuple[str, ...]:
    """The names that a module is known by: all of Python's, else the last part of its path without a version."""
    if file.language == "Python":
        return tuple(part for part in one.written.split(".") if part)
    parts = [part for part in _EXTENSION.sub("", one.written).split("/") if not re.fullmatch(r"v\d+|\.*", part)]
    return tuple(re.sub(r"\.v\d+\Z", "", part) for part in parts[-1:])


def _scripts(file: CodeFile, rule: AuditRule) -> Iterator[Use]:
    flagged: dict[ManifestScript, None] = {}
    grown = True
    while grown:  # a script that runs a script that runs the module
        names = frozenset(script.name for script in flagged if script.name)
        more = [script for script in file.scripts if script not in flagged and _runs(script, rule, names)]
        flagged |= dict.fromkeys(more)
        grown = bool(more)
    for script in flagged:
        shown = " ".join(script.words)
        what = f"the script {script.name} runs {shown}" if script.name else f"runs {shown}"
        yield Use(what=what, kind="script", name=script.name or script.words[0], at=script.at)


def _commands(file: CodeFile, rule: AuditRule) -> Iterator[Use]:
    """Texts that are commands: ``execSync('node dist/db/migrate.js')``."""
    # The scripts of package.json are read; its other keys, deno.json and tasks.json hold commands as texts.
    is_read = file.language in _COMMANDS_ARE_READ and file.language != "JSON"
    for literal in () if is_read else file.literals:
        is_known = any(s.at == literal.at and all(word in literal.text for word in s.words) for s in file.scripts)
        if not is_known and runs_command(literal, rule):
            words = literal.text.split()
            yield Use(what=f"runs {' '.join(words)}", kind="command", name=words[0], at=literal.at)


def runs_command(literal: Literal, rule: AuditRule) -> bool:
    """Whether a text is a command that runs what the rule names."""
    words = literal.text.split()
    return (
        not literal.is_human_message
        and len(words) > 1
        and words[0] in PROGRAMS
        and any(_names(word, rule) for word in words[1:])
    )


def _runs(script: ManifestScript, rule: AuditRule, flagged: frozenset[str]) -> bool:
    if fits_one(script.name.rpartition(" ")[2], rule.what):
        return True
    for code in (code for part in command_parts(script.words) for code in code_in(part)):
        if any(_names(word, rule) for word in re.split(r"[^\w./@-]+", code)):
            return True
    for words in commands_in(script.words, lambda word: _names(word, rule)):
        started = base(words[0]) if words[0].startswith("/") else ""
        if any(_names(word, rule) for word in words) or (started and _names(started, rule)):
            return True
        if base(words[0]) in CONTAINERS and any(fits_one(re.split(r"[:@]", base(word))[0], rule.what) for word in words):
            return True
        tools = [position for position, word in enumerate(words) if word in SCRIPT_RUNNERS]
        if tools and any(word in flagged for word in words[tools[0] + 1 :]):
            return True
    return False


def undecided_commands(file: CodeFile, rule: AuditRule) -> Iterator[tuple[Location, str]]:
    """Commands of which only a run knows what they start, where that may be what the rule names, and why."""
    for script in () if any(_runs(script, rule, frozenset()) for script in file.scripts) else file.scripts:
        for words in command_parts(script.words):
            why = next(filter(None, map(undecided_code, code_in(words))), None)
            open_ = [_VARIABLE.sub(HOLE, word) for word in words]
            unknown = [n for n, word in enumerate(open_) if HOLE in word and _may_name(word, rule)]
            why = why or undecided_script(words, unknown)
            rest = tuple(words[1:])  # what xargs gets from echo is a command of its own
            is_fed = words[0] == "xargs" and any(s.at == script.at and s.words[: len(rest)] == rest for s in file.scripts)
            if why is not None and not is_fed:
                yield script.at, f"`{' '.join(words)}`: {why}"


def _may_name(word: str, rule: AuditRule) -> bool:
    """Whether a word with a part that only a run knows may be a name of the rule or the path of its module."""
    bare = _unbuilt(_EXTENSION.sub("", word))
    pattern = "".join(".*" if part == HOLE else re.escape(part) for part in re.split(f"({HOLE})", bare))
    stems = _stems(rule.module) if rule.module is not None else ()
    tails = ["/".join(stem.split("/")[n:]) for stem in stems for n in range(stem.count("/") + 1)]
    return any(re.fullmatch(pattern, name) for name in (*rule.what, *tails))


def _names(word: str, rule: AuditRule) -> bool:
    """Whether a word of a command is a name of the rule, or the path or dotted name of its module."""
    entry, _, function = word.partition(":")
    if any(fits_one(spelling, rule.what) for spelling in (word, function, _VERSION.sub("", word)) if spelling):
        return True
    folder, slash, base = word.rpartition("/")
    files = [name for name in rule.what if not name.isidentifier()]  # migrate.sh, node-pg-migrate
    if slash and fits_one(base, rule.what if folder.rpartition("/")[2] in _PROGRAM_FOLDERS else files):
        return True
    if rule.module is None:
        return False
    bare = _EXTENSION.sub("", entry)
    if re.search(r"\w[*?[][^/]*\Z", bare):  # a pattern that names a part of the file's name, not all files of a folder
        return any(fnmatchcase(stem, pattern) for stem in _stems(rule.module) for pattern in (bare, f"*/{_unbuilt(bare)}"))
    is_dotted = rule.module.endswith(".py") and bare == entry and re.fullmatch(r"\w+(?:\.\w+)+", entry)
    parts = tuple(bare.split(".") if is_dotted else bare.removeprefix("./").split("/"))
    if len(parts) == 1 and bare == entry:
        return False  # a word, not a path
    return any(_is_tail(parts, tuple(stem.split("/"))) for stem in _stems(rule.module))


def _unbuilt(path: str) -> str:
    """The path without a folder of built files in front of it."""
    first, slash, rest = path.removeprefix("./").partition("/")
    return rest if slash and first in _BUILT else path.removeprefix("./")


def _is_tail(parts: tuple[str, ...], whole: tuple[str, ...]) -> bool:
    """Whether both may be one file: the same last two parts, or the same path below a folder of built files."""
    if parts[0] in _BUILT and parts[1:] == whole[1 - len(parts) :]:
        return True
    shared = min(2, len(parts), len(whole))
    return parts[-shared:] == whole[-shared:]
