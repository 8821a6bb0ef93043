"""Whether a text is there to be read by people: a message, the title of a test, a class of a page."""

from __future__ import annotations

import re
from typing import Final

from tree_sitter import Node

_SPEAKING: Final = re.compile(
    r"(?:log|logger|logging|console|print\w*|debug|info|warn|warning|error|errorf?|fatal\w*|panic\w*|trace|describe|it|test|"
    r"suite|context|\w*Error|\w*Exception|fail|skip|t|assert\w*|expect)\Z",
    re.IGNORECASE,
)
_CALLS: Final = {"call_expression": "function", "call": "function", "new_expression": "constructor"}
_SHOWN: Final = frozenset({"jsx_attribute", "jsx_text", "throw_statement", "raise_statement", "assert_statement"})
_ENDS: Final = frozenset({"statement_block", "block", "program", "module", "source_file", "class_body"})


def is_spoken(node: Node) -> bool:
    """Whether the text goes into a call that speaks to people, is thrown, or is shown on a page."""
    at: Node | None = node
    while at is not None and at.type not in _ENDS:
        if at.type in _SHOWN:
            return True
        if at.type in _CALLS and at != node:
            called = at.child_by_field_name(_CALLS[at.type])
            if called is not None:
                last = called.named_children[-1] if called.named_child_count else called
                return bool(_SPEAKING.match((last.text or b"").decode(errors="replace")))
        at = at.parent
    return False
