"""The pages of checks, in the parts that a report shows: why it matters, what to do, when it is fine."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

from markupsafe import Markup

from migration_audit import checks
from migration_audit.report.escape import html_with_code

_PART = re.compile(r"^(Why|Fix|Fine when|Source): ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPage:
    """One check's page; a part that it does not have is empty."""

    asks: Markup
    why: Markup
    fix: Markup
    fine: Markup
    source: Markup


def check_page(check_id: str) -> CheckPage | None:
    """The page of the check with this id; None for one that this version does not have."""
    check = checks.BY_ID.get(check_id)
    if check is None:
        return None
    asks, *parts = _PART.split(inspect.getdoc(check.run) or "")
    by_name = {name: _joined(text) for name, text in zip(parts[::2], parts[1::2], strict=True)}
    return CheckPage(
        asks=html_with_code(_joined(asks)),
        why=html_with_code(_sentence(by_name.get("Why", ""))),
        fix=html_with_code(_sentence(by_name.get("Fix", ""))),
        fine=html_with_code(by_name.get("Fine when", "")),
        source=html_with_code(by_name.get("Source", "")),
    )


def _joined(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")


def _sentence(text: str) -> str:
    first = text.partition(" ")[0]
    return text[:1].upper() + text[1:] if first.rstrip(",:;").isalpha() else text
