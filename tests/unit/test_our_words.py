"""A linter of our own English: phrases that readers had to read twice stay out of everything that users see."""

from __future__ import annotations

import ast
import gc
import inspect
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from migration_audit.checks import ALL

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "lib/migration_audit"
PAGES = {"checks": "run", "formats": "", "cli": ".*"}
"""Whose docstrings users read (`check explain`, `format explain`, `--help`), by folder: functions, or "" for the module."""

STUMBLED_OVER = {
    r"\btold\b": ("shown, reported, listed, determined", "Both positions are told."),
    r"\bheard\b": ("read, checked", "the witness was not heard"),
    r"\bspoken\b": ("written, reported", "the check has spoken"),
    r"\b(expected has not|actual has it)\b": ("only in actual, only in expected", "actual has it, expected has not"),
    r"\bhas not(,| or|$|\.)": ("is missing here", "has not, or has otherwise"),
    r"\bhas otherwise\b": ("differs", "has not, or has otherwise"),
    r"\bof a time\b": ("dated in the future", "its evidence is of a time to come"),
    r"\bto come\b": ("in the future", "name a day to come"),
    r"\ba mistake of migration-audit\b": ("internal error in migration-audit", "a mistake of migration-audit itself"),
    r"\bis no (mapping|list|JSON list)\b": ("must be a mapping, must be a list", "services is no mapping"),
    r"\btakes? along\b": ("and its 2 columns", "takes along 2 columns"),
    r"\btakes? for gone\b": ("believes removed", "drops what it takes for gone"),
    r"\bbelongs to the phase\b": ("only checked before the deletion", "it belongs to the phase preflight"),
    r"\bnothing to look at\b": ("no findings", "clean, nothing to look at"),
    r"\bdecision is none\b": ("the decision does not count", "why this decision is none"),
    r"\bbegun\b": ("started", "it was begun and did not end"),
    r"\bmade anew\b": ("created again", "the table has to be made anew"),
    r"\blikeness\b": ("similarity", "a likeness of 0.9"),
    r"\barbitrat": ("ON CONFLICT uses the index", "arbitrated by the index it names"),
    r"\bsecond witness\b": ("cross-check", "the second witness was not asked"),
    r"\bstands? (here|twice|there|in the way)\b": ("is checked out, appears twice, prevents", "the key stands twice"),
    r"\bonly when it runs\b": ("only known at run time", "what it asks is known only when it runs"),
    r"\bas (everybody|nobody) may\b": ("as every role may", "may make temporary tables, as everybody may"),
    r"\bnobody signed\b": ("is not signed", "nobody signed this run"),
    r"\bleft to chance\b": ("undefined", "their order is left to chance"),
    r"\btakes? (for granted|its place)\b": ("assumes", "roles that the SQL does take for granted"),
    r"\bhuman eye\b": ("review", "what needs a human eye"),
    r"(?<!there )\bis no (?!longer\b|more\b|such\b)": ("is not a, cannot be read as", "what is given is no ZIP file"),
    r"\bbeside\b": ("next to, in addition to", "the files beside it"),
    r"\bwhoever\b": ("anyone who, regardless of who", "whoever can write there decides"),
    r"\bsomebody\b": ("someone, or the passive", "objects that somebody else manages"),
    r"\bspeaks? for\b": ("belongs to", "the check that it speaks for"),
    r"\b(counts?|be|are) (as )?gone\b": ("absent, removed", "a folder that is empty counts as gone"),
    r"\b(well|silently|are|is|be|secrets) kept\b": ("saved, maintained, unchanged", "facts are kept as files"),
    r"\bnobody (has|else|may|prepared)\b": ("no one, or the passive", "a server that nobody prepared"),
    r"\bstands in the owner's SQL\b": ("has a counterpart in", "each statement stands in the owner's SQL"),
    r"\b(thereof|whereof|whosoever|hereby|afresh|nought)\b": ("a word of today", "the columns thereof"),
    r"\bby nobody\b": ("not signed", "Signed: by nobody"),
    r"\bthere more than once\b": ("duplicated", "8 keys are there more than once"),
    r"\b(runner|files) never (ran|applied)\b|\bnever ran to\b": (
        "as its ledger records",
        "the files never ran to their end",
    ),
    r"\borphaned,? but harmless\b": ("unused, and harmless", "the ledger still exists, orphaned but harmless"),
    r"\beach gets through\b": ("completes", "no boot drops it, and each gets through"),
    r"\bin its (words|effect)\b": ("by its text, by its effect", "in its words or in its effect"),
    r"\bcarr(y|ies) the (note|number)\b": ("have, has", "both carry the number 2"),
    r"\bwithout a word\b": ("silently", "the next boot reverts it without a word"),
    r"\bsilence for a deletion\b": ("treats what the file lacks as a deletion", "takes the file's silence for a deletion"),
    r"\b(model says|spelled|words \w+ \w+) otherwise\b": (
        "predicts something else, differently",
        "the model says otherwise",
    ),
    r"\bgoes on where\b": ("continues where it stopped", "the same command goes on where it stopped"),
    r"\bcome to (its|their) end\b": ("finished", "the run has not come to its end"),
    r"\bis it so in\b": ("does this database match", "is it so in this database?"),
    r"\b(accepted?|accept a finding) for a time\b": ("for a limited time", "accept a finding for a time"),
    r"\bwhat was signed is not what\b": ("the files differ from what was signed", "what was signed is not what is there"),
    r"\bcovers itself\b": ("is compared with itself", "the legacy SQL covers itself"),
    r"\bhas to say\b": ("SQL for the owner's next file", "what the owner's next file has to say"),
    r"\bwhat bec(omes|ame) of\b": ("what the audit does with, how the owner's SQL has", "what became of each statement"),
    r"\brc \d": ("exit code 1", "every boot stops with rc 1"),
    r"\bas whom it runs\b": ("the audit runs as root, and commands as user N", "uid 65534, as whom it runs because of root"),
    r"\bof which (all|Directus)\b": ("without a difference", "kinds of which all objects are the same"),
    r"\bsomething prevents\b": ("is protected from", "something prevents Directus from dropping each raw table"),
    r"\ba mistake of ours\b": ("internal error in migration-audit", "that is a mistake of ours"),
}
"""Pattern: what to write instead, and a text that the pattern finds. A phrase comes in here once no text has it any more."""


class Words(NamedTuple):
    """What is written in one module, each with its line."""

    messages: list[tuple[int, str]]
    """Strings, without docstrings except those that are pages."""
    prose: list[tuple[int, str]]
    """Docstrings and comments."""
    names: list[tuple[int, str]]
    """Variables, parameters and functions, without fields of classes: evidence has their names."""
    classes: list[str]
    """Public classes of the module."""


def words_of(source: str, pages: str | None = None) -> Words:
    """The words of a module. ``pages`` is a pattern of the functions whose docstrings are messages ("" for the module's)."""
    words = Words([], [(number, found[0]) for number, line in enumerate(source.splitlines(), 1)
                       if (found := re.search(r"(^|\s)# .*", line))], [], [])  # fmt: skip
    documenting, fields, read_by_users = set(), set(), set()
    for node in ast.walk(ast.parse(source)):  # whatever has a body before what is in it
        match node:
            case ast.Expr(value=ast.Constant(value=str() as text) as constant):
                words.prose.append((node.lineno, text))
                if id(constant) not in read_by_users:
                    documenting.add(id(constant))
            case ast.Constant(value=str() as text) if id(node) not in documenting:
                words.messages.append((node.lineno, text))
            case ast.Name(ctx=ast.Store()) if id(node) not in fields:
                words.names.append((node.lineno, node.id))
            case ast.arg():
                words.names.append((node.lineno, node.arg))
            case ast.ClassDef():
                fields.update(id(each.target) for each in node.body if isinstance(each, ast.AnnAssign))
                words.classes.extend([] if node.name.startswith("_") else [node.name])
            case ast.Module() | ast.FunctionDef():
                name = node.name if isinstance(node, ast.FunctionDef) else ""
                if name:
                    words.names.append((node.lineno, name.removeprefix("_")))
                if pages is not None and re.fullmatch(pages, name) and node.body and isinstance(node.body[0], ast.Expr):
                    read_by_users.add(id(node.body[0].value))
    return words


@cache
def modules() -> dict[Path, Words]:
    """The words of each module."""
    gc.disable()  # millions of nodes, none of which refers to itself
    try:
        return {path: words_of(path.read_text("utf-8"), PAGES.get(path.relative_to(PACKAGE).parts[0]))
                for path in sorted(PACKAGE.rglob("*.py"))}  # fmt: skip
    finally:
        gc.enable()


@cache
def texts() -> tuple[tuple[str, str], ...]:
    """Place and text of what users see: messages, pages of checks and formats, notebooks, templates, documents, examples."""
    return tuple(found_texts())


def found_texts() -> Iterator[tuple[str, str]]:
    for path, words in modules().items():
        for line, text in words.messages:
            yield f"{path.relative_to(ROOT)}:{line}", text
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        for number, cell in enumerate(json.loads(path.read_text("utf-8"))["cells"]):
            yield f"{path.relative_to(ROOT)}, cell {number}", "".join(cell["source"])
    documents = [ROOT / name for name in ("README.md", "GLOSSARY.md", "CONTRIBUTING.md", "SECURITY.md")]
    for path in sorted([*PACKAGE.rglob("*.j2"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.*ml"), *documents]):
        for number, line in enumerate(re.sub(r"\{[{%].*?[}%]\}", "", path.read_text("utf-8")).splitlines(), 1):
            yield f"{path.relative_to(ROOT)}:{number}", line


@pytest.mark.parametrize("pattern", STUMBLED_OVER)
def test_a_pattern_finds_what_it_is_for(pattern: str) -> None:
    assert re.search(pattern, STUMBLED_OVER[pattern][1])


@pytest.mark.parametrize(
    ("pages", "read"),
    [(None, set()), ("", {"A page."}), ("run", {"Help."}), (".*", {"A page.", "Help."})],
    ids=["none", "the module's", "one function's", "all"],
)
def test_messages_are_read_and_docstrings_only_where_they_are_pages(pages: str | None, read: set[str]) -> None:
    source = '"""A page."""\ndef run(x):\n    """Help."""\n    y = 1\n    """Of y."""\n    raise E(f"not {x} told")\n'
    assert {text for _, text in words_of(source, pages).messages} == {"not ", " told"} | read


def test_every_kind_of_text_is_read() -> None:
    places = "\n".join(place for place, _ in texts())
    for part in (
        "checks/",
        "cli/main.py",
        "notebooks/00_index",
        "report.html.j2",
        "README.md",
        "docs/trust.md",
        "examples/",
    ):
        assert part in places


def test_no_text_has_what_readers_stumbled_over() -> None:
    any_of_them = re.compile("|".join(STUMBLED_OVER), re.IGNORECASE)
    found = [
        f"{place}: {match[0]!r} → {better}"
        for place, text in texts()
        if any_of_them.search(text)
        for pattern, (better, _) in STUMBLED_OVER.items()
        for match in re.finditer(pattern, text, re.IGNORECASE)
    ]
    assert not found, "\n".join(["write instead:", *found])


def test_no_page_of_a_check_names_the_example() -> None:
    names = re.compile(r"\b(positions|processor|devices|vehicles|trm)\b", re.IGNORECASE)
    pages = {check.id: inspect.getdoc(check.run) or "" for check in ALL}
    assert len(pages) > 50
    assert all(pages.values())
    assert not {each: match[0] for each, page in pages.items() if (match := names.search(page))}


IN_CODE = {
    r"\bnobody can know\b": "is unknown, cannot be known",
    r"\b(is|are) told\b(?! (of|what|which))": "is reported, is named",
    r"\b(that|what) somebody made\b": "that a user made",
    r"\bas (it stands|they stand)\b": "as it is",
    r"\b[Ww]hat stands\b": "what is, what follows",
    r"\bno part of\b": "not part of",
    r"\b[Bb]eside\b": "next to, in addition to",
    r"\b[Ww]hoever\b": "anyone who, its user, regardless of who",
    r"\banew\b": "again",
    r"\b[Ss]omebody\b": "a user, another process, or the passive; user-defined",
    r"\b(what|was|been|be) (was )?said\b": "the message, the comment, is written",
    r"(?<![Tt]here )\bis no (?!longer\b|more\b|such\b)": "is not a, is anything but a",
    r"(?<!`)\b[Nn]obody\b(?!`)": "no one, or the passive",
}
"""The same for docstrings and comments, those of SQL too."""


def test_docstrings_and_comments_are_plain() -> None:
    any_of_them = re.compile("|".join(IN_CODE))
    of_sql = {
        path: list(enumerate(re.findall(r"(?:-- (.*))?\n", path.read_text("utf-8")), 1))
        for path in PACKAGE.rglob("catalog/**/*.sql")
    }
    found = [
        f"{path.relative_to(ROOT)}:{line}: {match[0]!r} → {better}"
        for path, prose in {**{path: words.prose for path, words in modules().items()}, **of_sql}.items()
        for line, text in prose
        if any_of_them.search(text)
        for pattern, better in IN_CODE.items()
        for match in re.finditer(pattern, text)
    ]
    assert not found, "\n".join(["write instead:", *found])


def test_variables_and_functions_are_called_what_they_are() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path, words in modules().items()
        for line, name in words.names
        if name in {"said", "told", "heard"}
    ]
    assert not found, "\n".join(["say what it is (text, notes, reason, reported):", *found])


def test_a_class_has_a_name_of_its_own() -> None:
    modules_of: dict[str, list[str]] = {}
    for path, words in modules().items():
        for name in words.classes:
            modules_of.setdefault(name, []).append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in modules_of.items() if len(paths) > 1} == {}


def test_prose_and_variables_are_found() -> None:
    source = '''"""A page."""\nclass C:\n    told: int\n    """Of told."""\ndef _heard(said):\n    told = "x"  # a note\n'''
    words = words_of(source)
    assert sorted(text.strip() for _, text in words.prose) == ["# a note", "A page.", "Of told."]
    assert sorted(name for _, name in words.names) == ["heard", "said", "told"]
    assert words.classes == ["C"]
