"""How much each kind of difference weighs, unless a project says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from migration_audit.model.drift import Severity

RULES: Final[Mapping[str, tuple[Severity, str]]] = {
    "comments": (Severity.INFO, "Comments on objects."),
    "roles": (
        Severity.BLOCKER,
        "Attributes, members and settings of roles. Against a live database the default is warning.",
    ),
    "column_order": (Severity.INFO, "The order of a table's columns."),
    "owners": (Severity.WARNING, "Owners of objects."),
    "privileges": (Severity.WARNING, "Privileges and default privileges."),
    "statistics": (Severity.BLOCKER, "Statistics targets and extended statistics settings."),
    "physical": (
        Severity.BLOCKER,
        "Tablespaces, storage parameters, access methods, storage and compression of columns, clustering.",
    ),
    "extension_version": (Severity.BLOCKER, "Against a live database the default is warning."),
    "unexpected": (Severity.WARNING, "Objects that only the actual side has."),
}
"""The named rules of the comparison whose severity a project may change: their defaults, and what they are about."""
