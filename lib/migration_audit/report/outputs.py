"""What a code cell gave, as safe HTML."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from markupsafe import Markup

from migration_audit.report import escape
from migration_audit.report.prose import clean_html, render_markdown


class ReplayedNotebook(dict[str, Any]):
    """A packaged notebook with the outputs that the facts give, and the values behind them."""

    def __init__(self, notebook: Mapping[str, Any]) -> None:
        """A copy of the notebook; its values are added by the code that computes them."""
        super().__init__(notebook)
        self.shown: list[Any] = []
        """What each code cell showed, in their order; None for nothing."""


_NO_ALT = "A picture without a description in the notebook"


def joined(text: Any) -> str:
    """A string of a notebook, which the file format may store as a list of lines."""
    return "".join(map(str, text)) if isinstance(text, list) else str(text)


def render_outputs(outputs: list[Mapping[str, Any]]) -> Iterator[Markup]:
    """Each output in its richest safe form; errors as alerts."""
    for output in outputs:
        kind = output.get("output_type")
        if kind == "stream":
            yield _stream(output)
        elif kind == "error":
            yield _error(output)
        else:
            yield _bundle(output.get("data") or {})


def _bundle(data: Mapping[str, Any]) -> Markup:
    for mime, render in _RICHEST_FIRST:
        if mime in data:
            return render(mime, data)
    return _pre(f"An output of a kind that this report does not show: {', '.join(sorted(data)) or 'empty'}")


def _html(mime: str, data: Mapping[str, Any]) -> Markup:
    return Markup('<div class="output">{}</div>').format(clean_html(joined(data[mime])))


def _markdown(mime: str, data: Mapping[str, Any]) -> Markup:
    return Markup('<div class="output">{}</div>').format(render_markdown(joined(data[mime])))


def _svg(mime: str, data: Mapping[str, Any]) -> Markup:
    return _embedded(mime, base64.b64encode(joined(data[mime]).encode()).decode("ascii"), data)


def _picture(mime: str, data: Mapping[str, Any]) -> Markup:
    return _embedded(mime, "".join(joined(data[mime]).split()), data)


def _embedded(mime: str, encoded: str, data: Mapping[str, Any]) -> Markup:
    text = escape.one_line(joined(data.get("text/plain", "")).strip())
    alt = text if text and not text.startswith("<") else _NO_ALT
    return clean_html(str(Markup('<p><img alt="{}" src="data:{};base64,{}"></p>').format(alt, mime, encoded)))


def _plain(mime: str, data: Mapping[str, Any]) -> Markup:
    return _pre(joined(data[mime]))


def _json(mime: str, data: Mapping[str, Any]) -> Markup:
    return _pre(json.dumps(data[mime], indent=2, sort_keys=True, ensure_ascii=False))


_RICHEST_FIRST: tuple[tuple[str, Callable[[str, Mapping[str, Any]], Markup]], ...] = (
    ("text/html", _html),
    ("text/markdown", _markdown),
    ("image/svg+xml", _svg),
    ("image/png", _picture),
    ("image/jpeg", _picture),
    ("image/gif", _picture),
    ("image/webp", _picture),
    ("text/plain", _plain),
    ("application/json", _json),
)


def _pre(text: str) -> Markup:
    return Markup('<pre class="plain">{}</pre>').format(_readable(text))


def _stream(output: Mapping[str, Any]) -> Markup:
    name = "warnings and messages" if output.get("name") == "stderr" else "printed"
    return Markup('<pre class="plain {}" title="{}">{}</pre>').format(
        "stderr" if output.get("name") == "stderr" else "stdout", name, _readable(joined(output.get("text", "")))
    )


def _error(output: Mapping[str, Any]) -> Markup:
    name, value = (escape.many_lines(escape.without_ansi(joined(output.get(k, "")))) for k in ("ename", "evalue"))
    traceback = _readable("\n".join(map(joined, output.get("traceback") or ())))
    more = Markup("<details><summary>Traceback</summary><pre>{}</pre></details>").format(traceback) if traceback else ""
    return Markup(
        '<div class="alert" role="alert"><p><strong><span aria-hidden="true">! </span>This cell stopped with {}'
        "</strong></p><pre>{}</pre>{}</div>"
    ).format(escape.html(name), escape.html(value), more)


def _readable(text: str) -> Markup:
    return escape.html(escape.many_lines(escape.without_ansi(text)))
