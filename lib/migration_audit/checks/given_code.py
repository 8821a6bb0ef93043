"""Code on a command line, and scripts that only a run knows: what ``node -e``, ``awk`` and ``npm run "$1"`` start. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Final

from migration_audit.checks.code_scopes import base

_INTERPRETERS: Final = frozenset(
    {"node", "nodejs", "tsx", "ts-node", "bun", "deno", "python", "python3", "ruby", "perl", "php"}
)
_SHELLS: Final = frozenset({"sh", "bash", "dash", "ash", "ksh", "zsh"})
_RUNNERS: Final = frozenset({"npm", "pnpm", "yarn", "npx", "bunx", "pnpx", "make", "just", "rake"})
_FRONTS: Final = frozenset({"manage.py", "artisan", "rails", "mix", "console"})
"""Programs of frameworks: what they do is their next word."""
_SUBCOMMANDS: Final = frozenset({"run", "run-script", "exec", "dlx", "x"})
_CODE_OPTION: Final = re.compile(r"-[a-zA-Z]*[ecpr]|--eval|--print|-pe|-ne")
_EVAL: Final = re.compile(r"(?:--eval|--print)=(.*)", re.DOTALL)
_NO_SCRIPT: Final = re.compile(r"-[vVhim]\b.*|--(?:version|help|test|run|check|interactive)\b.*")
_AWKS: Final = frozenset({"awk", "gawk", "mawk", "nawk"})
_STARTS_IN_AWK: Final = re.compile(r"\bsystem\s*\(|\|\s*getline|\bprintf?\b[^;}]*\|")
_JOIN: Final = re.compile(r"""(["'`])\s*[+.]?\s*(["'`])""")
_HOLE: Final = re.compile(r"\$\{\s*(['\"])(.*?)\1\s*\}")
_LOADS: Final = re.compile(
    r"(?<![\w$])(?:system|popen\w*|spawn\w*|exec\w*|execFile\w*|fork|require|import|import_module|__import__|eval|run|call"
    r"|check_call|check_output|Popen|passthru|shell_exec|runpy\.run_\w+)\s*\(\s*(?P<given>[^)]*)"
)
_TEXT: Final = r"""["'](?:[^"'\\$]|\\.)*["']"""
_PLAIN: Final = re.compile(rf"\s*(?:{_TEXT}|\[\s*{_TEXT}(?:\s*,\s*{_TEXT})*\s*\])\s*(?:,.*)?|\s*", re.DOTALL)
"""What is written out: one text, or a list of them."""
_WILDCARD: Final = re.compile(r"[*?\[{]")


def code_in(words: Sequence[str]) -> Iterator[str]:
    """The code that a command hands to its program, with the texts in it that are joined as one."""
    names = [base(word) for word in words]
    program = next((name for name in names if name in _INTERPRETERS | _AWKS), None)
    if program in _AWKS:
        yield from (_joined(word) for word in words[names.index(program) + 1 :] if _STARTS_IN_AWK.search(word))
    elif program is not None:
        for before, word in pairwise(words[names.index(program) :]):
            if (whole := _EVAL.fullmatch(word)) is not None:
                yield _joined(whole[1])
            elif _CODE_OPTION.fullmatch(before) and re.search(r"\W", word):
                yield _joined(word)
    elif names and names[0] in {"sed", "gsed"}:
        yield from (found[1] for word in words[1:] for found in re.finditer(r"(?:\A|[;\d$/])e\s+(\S.*)", word))


def _joined(code: str) -> str:
    """Code in which ``"a" + "b"``, ``"a" "b"`` and ``${"a"}b`` are one text."""
    return _HOLE.sub(r"\2", _JOIN.sub("", code))


def undecided_code(code: str) -> str | None:
    """What of some code only a run knows: it starts or loads what is put together there."""
    for found in _LOADS.finditer(code):
        if not _PLAIN.fullmatch(found["given"]):
            return f"what `{found[0].strip()}…` starts is only known at run time"
    return None


def undecided_script(words: Sequence[str], unknown: Sequence[int]) -> str | None:
    """Why it is only known at run time which script a command runs; None where it names the script, or runs none."""
    names = [base(word) for word in words]
    if names[:1] in (["xargs"], ["find"]):
        return _by_list(words, names)
    at = next((n for n, name in enumerate(names) if name in _INTERPRETERS | _RUNNERS | _FRONTS), None)
    if at is None or at in unknown:
        return None
    if list(words[at + 1 :]) == ["-"] and names[at] in _INTERPRETERS:
        return "it reads its program from standard input"
    front = next((n for n, name in enumerate(names) if n > at and name in _FRONTS and names[at] in _INTERPRETERS), at)
    return _undecided_word(words, range(front + 1, len(words)), unknown)


def _by_list(words: Sequence[str], names: Sequence[str]) -> str | None:
    """The same of ``xargs`` and ``find -exec``, which fill in ``{}``, or what comes last."""
    begin = (
        1 if names[0] == "xargs" else next((n + 1 for n, name in enumerate(names) if name.startswith(("-exec", "-ok"))), 0)
    )
    known = _INTERPRETERS | _SHELLS | _RUNNERS
    at = next((n for n in range(begin, len(names)) if names[n] in known), None) if begin else None
    if at is None:
        return None
    filled = [n for n in range(at + 1, len(words)) if "{}" in words[n]]
    ends = {";", "+", "\\;"}
    plain = [n for n in range(at + 1, len(words)) if not words[n].startswith("-") and words[n] not in _SUBCOMMANDS | ends]
    if any(_CODE_OPTION.fullmatch(word) for word in words[at + 1 :]) or (plain and plain[0] not in filled):
        return None
    return f"which script {names[0]} gives to {names[at]} is only known at run time"


def _undecided_word(words: Sequence[str], places: Sequence[int], unknown: Sequence[int]) -> str | None:
    """Why the first of these words that is a script, and no option, is only known at run time."""
    rest = [n for n in places if words[n] not in _SUBCOMMANDS]
    if any(pattern.fullmatch(words[n]) for n in rest for pattern in (_CODE_OPTION, _NO_SCRIPT, _EVAL)):
        return None
    plain = [n for n in rest if not words[n].startswith("-")]
    for position, n in enumerate(plain):
        is_cut = words[n].endswith("/") and n + 1 in unknown and words[n + 1].startswith("`")
        if n not in unknown and not is_cut:
            return None
        is_path = is_cut or re.search(r"[\w/)}]/|\.\w+\"?\Z", words[n]) is not None
        is_last = all(each in unknown for each in plain[position + 1 :])
        if (is_path or is_last) and words[n].strip('"') not in ("$@", "$*", "${@}"):
            return f"which script {words[n]} is, is only known at run time"
    return None


def named_by_pattern(text: str, candidates: Sequence[str]) -> str | None:
    """The name of a rule that a word with wildcards, which a shell expands, may lead to."""
    name = base(text)
    if not _WILDCARD.search(name):
        return None
    for spelt in _expanded(name):
        stem = spelt.partition(".")[0] or spelt
        if len(re.sub(r"\W|_", "", stem)) < 3:
            continue
        if (found := next((each for each in candidates if fnmatchcase(each.lower(), stem.lower())), None)) is not None:
            return found
    return None


def _expanded(name: str) -> list[str]:
    """``{a,b}c`` as ``ac`` and ``bc``."""
    found = re.search(r"\{([^{}]*,[^{}]*)\}", name)
    if found is None:
        return [name]
    return [one for part in found[1].split(",") for one in _expanded(name[: found.start()] + part + name[found.end() :])]
