"""The port as a block to copy: SQL for the owner's next file, or what is in its way."""

from __future__ import annotations

import re
from dataclasses import dataclass

from markupsafe import Markup

from migration_audit.model.port import SavedPort
from migration_audit.report import escape
from migration_audit.report.inline import PRE

NOTHING = "Nothing to port: the owner covers the legacy side."

_FENCES = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True, repr=False)
class PortBlock:
    """The text of a port, or that there is none."""

    port: SavedPort | None

    @property
    def title(self) -> str:
        """Whether it is proven, in a sentence."""
        if self.port is None:
            return NOTHING
        if self.port.proven:
            return "✓ proven: applied to a fresh server after the owner's SQL, twice; the comparison is then covered"
        if self.port.fixes:
            return "▲ proven in part: applied twice, it has the stated effect; what is left for a person blocks"
        return "! not usable: it does not make the owner cover the legacy side, or could not be tested"

    def _repr_html_(self) -> str:
        if self.port is None:
            return str(Markup("<p>{}</p>").format(self.title))
        digest = Markup("<p>{}</p><p><small>sha256:{}</small></p>").format(self.title, self.port.sha256)
        return str(digest + Markup('<pre style="{}">{}</pre>').format(PRE, escape.html(escape.many_lines(self.port.text))))

    def markdown(self) -> str:
        """The sentence, then the text, as GitHub's Markdown."""
        if self.port is None:
            return escape.markdown(self.title)
        text = escape.many_lines(self.port.text)
        fence = "`" * max([3, *(len(run) + 1 for run in _FENCES.findall(text))])
        return f"{escape.markdown(self.title)}\n\n{fence}sql\n{text}\n{fence}"

    def __repr__(self) -> str:
        """The sentence, then the text."""
        return self.title if self.port is None else f"{self.title}\n\n{escape.many_lines(self.port.text)}"


def port_block(port: SavedPort | None) -> PortBlock:
    """The port for a notebook, a terminal or a report."""
    return PortBlock(port)
