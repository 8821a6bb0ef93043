"""What ``liquibase.properties`` says: values for changelogs, and filters that would leave changesets out."""

from __future__ import annotations

import re
from collections.abc import Sequence

from migration_audit.formats.interface import Tree
from migration_audit.model.errors import SourceError

_NAME = "liquibase.properties"
_HIGHEST = 8
_PAIR = re.compile(r"\s*([^#!\s=:][^\s=:]*)\s*[=:]\s*(.*?)\s*")
_PREFIX = re.compile(r"^(?:liquibase\.)?(?:command\.)?(?:update\.)?")
_FILTERS = frozenset({"contexts", "contextfilter", "labels", "labelfilter"})


def read_parameters(trees: Sequence[Tree]) -> dict[str, str]:
    """The ``parameter.NAME`` values of the nearest file. Raises SourceError for a filter, and for a schema of its own."""
    for tree in trees:
        for path in ("../" * up + _NAME for up in range(_HIGHEST)):
            content = tree.other(path)
            if content is not None:
                return _parameters(content.decode(errors="replace"), tree.shown_path(path))
    return {}


def _parameters(text: str, shown: str) -> dict[str, str]:
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        match = _PAIR.fullmatch(line)
        if match is None or not match[2]:
            continue
        key = _PREFIX.sub("", match[1])
        name = re.sub("[-_.]", "", key).lower()
        if key.lower().startswith("parameter."):
            found[key[len("parameter.") :]] = match[2]
        elif name in _FILTERS:
            what = f"{match[1]} = {match[2]} leaves changesets out, and this format applies those of every context and label"
            raise SourceError(what, where=f"{shown}:{number}", todo=_todo("the filter"))
        elif name == "defaultschemaname" and match[2] != "public":
            what = f"Liquibase puts the schema {match[2]} in front of search_path"
            raise SourceError(what, where=f"{shown}:{number}", todo=_todo("the schema"))
    return found


def _todo(what: str) -> str:
    return f"let Liquibase itself migrate the shadow (`command` in audit.toml), or take {what} out of the file"
