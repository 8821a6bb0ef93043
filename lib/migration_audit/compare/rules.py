"""How much each difference weighs, by named rule; nothing is ignored silently.

A rule names attributes (or a kind of object) and the weight of a difference in them. audit.toml may change the weight
under ``[rules]``; a rule set to ``info`` still shows the difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from migration_audit.model.errors import UsageError
from migration_audit.model.finding import Severity
from migration_audit.model.snapshot import SERVER_WIDE
from migration_audit.project.scope import RULES

RULE_OF_FIELD: Final[Mapping[str, str]] = {
    "comment": "comments",
    "column_order": "column_order",
    "owner": "owners",
    "privileges": "privileges",
    "statistics": "statistics",
    "version": "extension_version",
    **dict.fromkeys(("tablespace", "options", "access_method", "storage", "compression", "clustered"), "physical"),
}
"""Attribute name to the rule that weighs it; an attribute that is not listed is a blocker."""

DEFAULT_WEIGHTS: Final[Mapping[str, Severity]] = {name: weight for name, (weight, _) in RULES.items()}
_PRIVILEGES = {"default privileges", "changed privileges"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The weight of each named rule."""

    weights: Mapping[str, Severity] = field(default_factory=lambda: DEFAULT_WEIGHTS)

    def override(self, weights: Mapping[str, Severity]) -> Rules:
        """The same rules with some weights replaced; raises UsageError for a rule that does not exist."""
        unknown = sorted(weights.keys() - self.weights.keys())
        if unknown:
            known = ", ".join(sorted(self.weights))
            raise UsageError(f"unknown rule {', '.join(unknown)}", todo=f"the rules are: {known}")
        return replace(self, weights={**self.weights, **weights})

    def of_field(self, name: str, kind: str = "") -> Severity:
        """The weight of a difference in one attribute of an object of this kind."""
        rule = "roles" if kind in SERVER_WIDE and name != "comment" else RULE_OF_FIELD.get(name)
        return self.weights[rule] if rule else Severity.BLOCKER

    def missing(self, kind: str) -> Severity:
        """The weight of an object that the actual side lacks; what is nothing but privileges weighs as they do."""
        return self.weights["privileges"] if kind in _PRIVILEGES else Severity.BLOCKER

    @property
    def unexpected(self) -> Severity:
        """The weight of an object that only the actual side has."""
        return self.weights["unexpected"]


AGAINST_LIVE = Rules().override({"extension_version": Severity.WARNING, "roles": Severity.WARNING})
"""Against a live server the versions of extensions are those of that server, not those of the SQL (check LIV002); and who
runs a server gives its roles passwords, limits and rights that no file says. A role that is missing blocks here too."""
