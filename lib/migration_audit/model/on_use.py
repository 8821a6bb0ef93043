"""Packages that load a module when one of its names is first used, so that each command starts with what it needs."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any


def names_on_use(package: str) -> Callable[[str], Any]:
    """``__getattr__`` of a package for the names that its ``if TYPE_CHECKING:`` block imports.

    None of them may be the name of one of its modules, which would take its place once it is imported.
    """
    owner = sys.modules[package]
    modules = dict(_imported(inspect.getsource(owner)))

    def load(name: str) -> Any:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(modules[name]), name)
        setattr(owner, name, found)
        return found

    return load


def _imported(source: str) -> Iterator[tuple[str, str]]:
    """The names that are imported for type checkers, each with its module."""
    for block in ast.parse(source).body:
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING":
            for each in block.body:
                if isinstance(each, ast.ImportFrom) and each.module:
                    yield from ((alias.name, each.module) for alias in each.names)
