"""The documentation as tests read it: its pages, their headings, links and blocks of code."""

from __future__ import annotations

import re
import subprocess
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "CONTRIBUTING.md", "GLOSSARY.md", *(f"docs/{p.name}" for p in sorted((ROOT / "docs").glob("*.md"))))
_BLOCK = re.compile(r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
EXIT_CODE = re.compile(r"# exit code (\d): ")
"""How a page says that a command does not end with 0."""
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A block of code on a page."""

    page: str
    language: str
    heading: str
    """The nearest heading above it."""
    text: str


def read_page(page: str) -> str:
    """Its text."""
    return (ROOT / page).read_text("utf-8")


def blocks(page: str, language: str | None = None, *, heading: str | None = None) -> Iterator[Block]:
    """The blocks of code of a page: all, those of one language, or those below one heading."""
    text = read_page(page)
    for found in _BLOCK.finditer(text):
        if language in (None, found["language"]):
            above = _HEADING.findall(_BLOCK.sub("", text[: found.start()]))
            if heading in (None, above[-1]):
                yield Block(page, found["language"], above[-1], textwrap.dedent(found["text"]))


def prose(page: str) -> str:
    """A page without its blocks of code."""
    return _BLOCK.sub("", read_page(page))


def inline_code(page: str) -> list[str]:
    """What stands between backticks, on one line; a bar in a table is escaped on the page and not here."""
    return [" ".join(code.split()).replace("\\|", "|") for code in re.findall(r"`([^`]+)`", prose(page))]


def links(page: str) -> list[str]:
    """The targets of a page's links, as they are written."""
    return _LINK.findall(re.sub(r"`[^`]*`", "", prose(page)))


def anchors(page: str) -> set[str]:
    """The names that a link may have after ``#``: GitHub's, lower case, spaces to hyphens, without other punctuation."""
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in _HEADING.findall(prose(page)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def execute(text: str, folder: Path) -> str:
    """What the commands print; each ends with the exit code that its comment names, else with 0."""
    lines = [line for line in text.replace("\\\n", "").splitlines() if line.strip()]
    script = "".join(f'{line}\necho "line {number} $?"\n' for number, line in enumerate(lines))
    done = subprocess.run(["sh"], input=script, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    ended = {int(n): int(code) for n, code in re.findall(r"^line (\d+) (\d+)$", done.stdout, re.MULTILINE)}
    expected = {n: int(m[1]) if (m := EXIT_CODE.search(line)) else 0 for n, line in enumerate(lines)}
    wrong = {lines[n]: ended.get(n) for n, code in expected.items() if ended.get(n) != code}
    assert not wrong, f"{wrong}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr
