"""Turning a template into a page; every page is one file that loads nothing and runs nothing."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


def render_page(template: str, **values: Any) -> str:
    """The page that ``templates/<template>`` makes of these values; text is escaped, ``Markup`` is not."""
    return _environment().get_template(template).render(**values) + "\n"


@cache
def _environment() -> Environment:
    import jinja2  # noqa: PLC0415 (only pages need it)

    return jinja2.Environment(
        loader=jinja2.PackageLoader("migration_audit.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
