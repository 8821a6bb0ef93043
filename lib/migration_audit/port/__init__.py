"""The port: what the owner's next file has to say so that the owner covers the legacy side. Pure: values in, text out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migration_audit.model.on_use import names_on_use

if TYPE_CHECKING:
    from migration_audit.port.build import build_port, suggested_sql
    from migration_audit.port.text import NOTHING, nothing_compared, nothing_to_port, port_text, running_lines, running_sql

__all__ = [
    "NOTHING",
    "build_port",
    "nothing_compared",
    "nothing_to_port",
    "port_text",
    "running_lines",
    "running_sql",
    "suggested_sql",
]

__getattr__ = names_on_use(__name__)
