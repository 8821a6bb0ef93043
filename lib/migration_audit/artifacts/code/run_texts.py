"""Calls that run a text as code of the same language: ``exec("…")``, ``eval('…')``, ``new Function('…')``."""

from __future__ import annotations

import re
from typing import Final

from tree_sitter import Node

from migration_audit.artifacts.code.languages import ECMA, PYTHON, SourceLanguage
from migration_audit.artifacts.code.literals import text_of

_PYTHON: Final = frozenset({"exec", "eval", "compile", "builtins.exec", "builtins.eval", "builtins.compile"})
_SCRIPT: Final = re.compile(r"(?:globalThis\.|window\.)?(?:eval|Function)|vm\.(?:runIn\w+|Script|compileFunction)")
MAY_RUN: Final = re.compile(rb"\b(?:exec|eval|compile|Function|runIn\w+|Script|compileFunction)\b")
"""What the text of a file has that runs texts."""
_FILE: Final = re.compile(r"""["'`][^"'`\n]*\w\.(?:py|[cm]?[jt]s)["'`]""")


def run_text(node: Node, language: SourceLanguage) -> Node | None:
    """The argument that a call runs as code, None where it runs none; a file that it names is an import of its own."""
    called = node.child_by_field_name("function") or node.child_by_field_name("constructor")
    given = node.child_by_field_name("arguments")
    if called is None or given is None or not given.named_child_count:
        return None
    name = text_of(called)
    is_script = language.name in ECMA and _SCRIPT.fullmatch(name) is not None
    if not is_script and not (language is PYTHON and name in _PYTHON):
        return None
    argument = given.named_children[-1 if name.endswith("Function") else 0]
    inner = argument.child_by_field_name("function")
    is_compiled = inner is not None and text_of(inner) in _PYTHON
    return None if is_compiled or _names_file(argument) else argument


def _names_file(argument: Node) -> bool:
    return argument.type in {"call", "call_expression"} and _FILE.search(text_of(argument)) is not None
