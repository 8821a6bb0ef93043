"""Write the plan of the package into CONTRIBUTING.md, from the import contracts of pyproject.toml (``make plan``)."""

from __future__ import annotations

import re
import tomllib
from itertools import pairwise
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "CONTRIBUTING.md"
BLOCK = re.compile(r"```mermaid\n.*?```", re.DOTALL)


def layers() -> list[list[str]]:
    """The packages from the top down; those of one layer do not import each other."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    (top,) = [each for each in contracts if each.get("containers") == ["migration_audit"]]
    return [re.split(r" [|:] ", layer) for layer in top["layers"]]


def block() -> str:
    """The picture as Mermaid, which GitHub draws: a box for each layer, an arrow from a layer to what it may import."""
    lines = ["flowchart TB"]
    names = []
    for number, packages in enumerate(layers()):
        names.append(f"L{number}")
        lines.append(f'    L{number}["{" · ".join(name.strip("_") for name in packages)}"]')
    lines += [f"    {upper} --> {lower}" for upper, lower in pairwise(names)]
    return "\n".join(["```mermaid", *lines, "```"])


if __name__ == "__main__":
    PAGE.write_text(BLOCK.sub(lambda _: block(), PAGE.read_text("utf-8")), encoding="utf-8")
