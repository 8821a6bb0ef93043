"""Which checks look at the live database, and which at files and shadows alone: told by what they ask for."""

from __future__ import annotations

import inspect

from migration_audit.checks import ALL
from migration_audit.model.finding import Check

_LIVE = frozenset(
    {
        *("live", "live_drift", "excluded", "environment", "owner_ledger", "legacy_ledger", "legacy_source", "owner_source"),
        *("obstacles", "writer_access", "probe_rights"),
        *("directus_snapshot", "directus_target", "directus_live", "directus_runtime", "raw_tables", "post_changes"),
    }
)
_WAIVERS = frozenset({"waivers"})


def shared_checks() -> tuple[Check, ...]:
    """The checks whose answer is the same for every environment."""
    return tuple(check for check in ALL if not _asked(check) & (_LIVE | _WAIVERS))


def live_checks() -> tuple[Check, ...]:
    """The checks about one environment."""
    return tuple(check for check in ALL if _asked(check) & _LIVE)


def waiver_checks() -> tuple[Check, ...]:
    """The checks about what became of all the others."""
    return tuple(check for check in ALL if _asked(check) & _WAIVERS)


def _asked(check: Check) -> frozenset[str]:
    return frozenset(inspect.signature(check.run).parameters)
