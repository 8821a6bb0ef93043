"""Packages that load a module when one of its names is first used, so that each command starts with what it needs."""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from types import ModuleType
from typing import Any


class _Package(ModuleType):
    """A package in which a module does not take the place of a name that it has from that module."""

    def __setattr__(self, name: str, value: Any) -> None:
        """What the import system does with each module of a package, and ``load`` with each name."""
        if not (isinstance(value, ModuleType) and name in self.__dict__["_on_use"]):
            super().__setattr__(name, value)


def names_on_use(package: str) -> Callable[[str], Any]:
    """``__getattr__`` of a package for the names that its ``if TYPE_CHECKING:`` block imports."""
    owner = sys.modules[package]
    modules = dict(_imported(inspect.getsource(owner)))
    owner.__dict__["_on_use"] = modules
    owner.__class__ = _Package

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
