"""One spelling for expressions that PostgreSQL itself prints in more than one way.

What the server prints is not always what it prints again once it has read that, so that a schema and its restored dump
would differ, although nothing was changed. These rewritings make them one:

``(ARRAY[a, b])::text[]``
    is read as a cast of each element and printed from then on as ``ARRAY[(a)::text, (b)::text]``.
``('x'::character varying)::text``
    comes of ``IN ('x')`` on a varchar column, where ``= ANY (ARRAY['x'])`` makes ``'x'::text``. A varchar without a length
    is the same bytes, and PostgreSQL relabels it as text without any work.
``'x'::text AS text``
    is how ``'x'::text`` comes back where a query's column names count for nothing, in the later arms of a UNION: read
    again, the cast names the column. Where names do count they are always printed, and columns are compared by name.
``((a AND b) AND c)``
    is what BETWEEN and NOT IN leave behind; the parser makes it ``(a AND b AND c)`` when it reads that. The same with OR.

Others are what two people write for one thing, and PostgreSQL prints each as it was written:

``CURRENT_TIMESTAMP``, ``ARRAY[]::text[]``
    are ``now()`` and ``'{}'::text[]``.
``WITH (fillfactor='50', autovacuum_enabled=off)``, ``UPDATE OF b, a``, ``ON DELETE SET NULL (b, a)``
    are lists whose order means nothing; a switch is ``off`` or ``false``, a fraction ``0.10`` or ``0.1``.
``'0'::bigint``
    as a default of a column of numbers is ``0``.

What is in quotes is never looked into.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

_TOKEN = re.compile(
    r"""(?P<space>\s*+)(?P<word>
      (?:[EeBbXxNn]|[Uu]&)?'(?:[^'\\]|''|\\.)*+'
    | "(?:[^"]|"")*+"
    | ::
    | \w++
    | .
    )""",
    re.VERBOSE | re.DOTALL,
)
_CALLED = {
    "integer": "int4",
    "bigint": "int8",
    "smallint": "int2",
    "boolean": "bool",
    "real": "float4",
    "double precision": "float8",
    "character varying": "varchar",
    "character": "bpchar",
    "bit varying": "varbit",
    "time with time zone": "timetz",
    "time without time zone": "time",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
}
"""What a cast calls its column, where that is not the type as it is printed."""
_NO_OPERANDS = {",", "BETWEEN", "SELECT", "FROM", "WHERE", "ON", "ORDER", "PARTITION"}
_CLOSING = {"(": ")", "[": "]"}
_ROUTINE_BODY = re.compile(r"^AS (?=[$'])", re.MULTILINE)
_SETTINGS = re.compile(r"(?:^ +SET \w\S* TO .*\n){2,}", re.MULTILINE)
_HAS_SPELLINGS = re.compile(r"::|\(\(|CURRENT_TIMESTAMP|\b(?:WITH|SET|NULL|DEFAULT) \(|UPDATE OF ")
_DIGITS = r"(-?[0-9]{1,15}|-?[0-9]{1,9}\.[0-9]{1,6})"
_NUMBER = re.compile(rf"\(?{_DIGITS}\)?|'{_DIGITS}'::(?:smallint|integer|bigint|numeric|real|double precision)")
"""A number that each of these types has exactly, or prints as it is read."""
_OPTION = re.compile(r"(?P<name>[\w.\"]+)\s*=\s*'?(?P<value>[\w.+-]+)'?")
_SWITCHES = frozenset(
    {
        *("autovacuum_enabled", "vacuum_index_cleanup", "vacuum_truncate", "user_catalog_table", "security_barrier"),
        *("security_invoker", "deduplicate_items", "fastupdate", "autosummarize"),
    }
)
_SWITCHED = {**dict.fromkeys(("on", "yes", "1"), "true"), **dict.fromkeys(("off", "no", "0"), "false")}
_FRACTIONS = re.compile(r"n_distinct(?:_inherited)?|autovacuum_.*")
_FRACTION = re.compile(r"-?[0-9]+\.[0-9]+")


@dataclass(slots=True)
class _Node:
    """A token, or a pair of brackets with what is between them."""

    space: str
    word: str
    inside: list[_Node] = field(default_factory=list)

    @property
    def is_constant(self) -> bool:
        return self.word.endswith("'")


@lru_cache(maxsize=4096)
def one_spelling(text: str) -> str:
    """An expression, or a definition with expressions in it, in the one spelling that all of its spellings share."""
    if not _HAS_SPELLINGS.search(text):
        return text
    code = text.rstrip()
    return "".join(_printed(_rewritten(_tree(_TOKEN.finditer(code), "")))) + text[len(code) :]


def one_spelling_of_routine(definition: str) -> str:
    """The same for ``pg_get_functiondef``, but for a body kept as text: that is what its author wrote."""
    body = _ROUTINE_BODY.search(definition)
    at = body.start() if body else len(definition)
    head = _SETTINGS.sub(lambda lines: "".join(sorted(lines[0].splitlines(keepends=True))), definition[:at])
    return one_spelling(head) + definition[at:]


def one_spelling_of_default(default: str) -> str:
    """The same for the default of a column of numbers.

    >>> one_spelling_of_default("'0'::bigint"), one_spelling_of_default("(-1.50)"), one_spelling_of_default("'0'::text")
    ('0', '-1.50', "'0'::text")
    """
    number = _NUMBER.fullmatch(default)
    return number[1] or number[2] if number else one_spelling(default)


def one_spelling_of_option(option: str) -> str:
    """A storage parameter, or an option of a view, as ``name=value``.

    >>> one_spelling_of_option("toast.autovacuum_enabled=off"), one_spelling_of_option("n_distinct='-0.50'")
    ('toast.autovacuum_enabled=false', 'n_distinct=-0.5')
    """
    found = _OPTION.fullmatch(option)
    if found is None:
        return option
    name, value = found["name"], found["value"]
    bare = name.rpartition(".")[2]
    if bare in _SWITCHES:
        value = _SWITCHED.get(value.lower(), value.lower())
    elif _FRACTIONS.fullmatch(bare) and _FRACTION.fullmatch(value):
        value = value.rstrip("0").removesuffix(".")
    return f"{name}={value}"


def _tree(tokens: Iterator[re.Match[str]], until: str) -> list[_Node]:
    nodes: list[_Node] = []
    for token in tokens:
        node = _Node(token["space"], token["word"])
        if node.word in _CLOSING:
            node.inside = _tree(tokens, _CLOSING[node.word])
        nodes.append(node)
        if node.word == until:
            break
    return nodes


def _printed(nodes: list[_Node]) -> Iterator[str]:
    for node in nodes:
        yield node.space
        yield node.word
        yield from _printed(node.inside)


def _rewritten(nodes: list[_Node]) -> list[_Node]:
    """The nodes with all rewritings made, from the outermost brackets inwards."""
    out: list[_Node] = []
    at = 0
    while at < len(nodes):
        node = nodes[at]
        array_type = _array_type(nodes, at + 1) if _is_array(node) else []
        if array_type:
            out += _cast_elements(node, array_type[:-1])
            at += 2 + len(array_type)
        elif _is_varchar(node) and _is_text(nodes[at + 1 : at + 4]):
            out.append(_Node(node.space, node.inside[0].word))
            at += 1
        elif node.word == "::" and (end := _named_by_cast(nodes, at + 1)):
            out += nodes[at:end]
            at = end + 2
        elif node.word == "CURRENT_TIMESTAMP" and _words(nodes[at + 1 : at + 2]) != ["("]:
            out += [_Node(node.space, "now"), _Node("", "(", [_Node("", ")")])]
            at += 1
        elif node.word == "ARRAY" and _is_empty_subscript(nodes[at + 1 : at + 2]) and _array_type(nodes, at + 2):
            out.append(_Node(node.space, "'{}'"))
            at += 2
        elif node.word == "(" and (items := _in_any_order(_words(nodes[max(at - 2, 0) : at]), node)):
            out.append(_Node(node.space, "(", [_Node("", ", ".join(items)), _Node("", ")")]))
            at += 1
        elif _words(nodes[at : at + 2]) == ["UPDATE", "OF"] and (end := _columns_end(nodes, at + 2)):
            out += [*nodes[at : at + 2], _Node(" ", ", ".join(sorted(_listed(nodes[at + 2 : end]))))]
            at = end
        else:
            node.inside = _flattened(_rewritten(node.inside))
            out.append(node)
            at += 1
    return out


def _flattened(inside: list[_Node]) -> list[_Node]:
    """``(a AND b) AND c`` without its inner brackets; the first operand alone, as PostgreSQL's parser does it."""
    while len(inside) > 1 and inside[0].word == "(" and inside[1].word == _connective(inside):
        if _connective(inside[0].inside) != inside[1].word:
            break
        inside[0].inside[0].space = inside[0].space
        inside = [*inside[0].inside[:-1], *inside[1:]]
    return inside


def _connective(inside: list[_Node]) -> str | None:
    """``AND`` or ``OR`` if brackets hold operands of it and nothing of a query or a window."""
    words = set(_words(inside))
    found = words & {"AND", "OR"}
    return found.pop() if len(found) == 1 and not words & _NO_OPERANDS else None


def _words(nodes: list[_Node]) -> list[str]:
    return [node.word for node in nodes]


def _in_any_order(before: list[str], brackets: _Node) -> list[str]:
    """The items of a list whose order means nothing, sorted: options, and the columns of SET NULL; [] for anything else."""
    items = _listed(brackets.inside[:-1])
    if before[-1:] in (["WITH"], ["SET"]) and all(map(_OPTION.fullmatch, items)):
        return sorted(map(one_spelling_of_option, items))
    return sorted(items) if before in (["SET", "NULL"], ["SET", "DEFAULT"]) else []


def _listed(nodes: list[_Node]) -> list[str]:
    """What is between the commas, as it is printed."""
    items = [""]
    for node in nodes:
        if node.word == ",":
            items.append("")
        else:
            items[-1] += "".join(_printed([node]))
    return [item.strip() for item in items]


def _columns_end(nodes: list[_Node], at: int) -> int | None:
    """Where the columns of a trigger end that begin at ``at``; None for what else may follow UPDATE OF."""
    while _words(nodes[at + 1 : at + 2]) == [","]:
        at += 2
    return at + 1 if _words(nodes[at + 1 : at + 2]) in (["ON"], ["OR"]) else None


def _is_array(node: _Node) -> bool:
    """``(ARRAY[…])``, and nothing else in the brackets."""
    return node.word == "(" and _words(node.inside) == ["ARRAY", "[", ")"]


def _is_varchar(node: _Node) -> bool:
    """``('…'::character varying)``."""
    inside = node.inside
    return (
        node.word == "("
        and bool(inside)
        and inside[0].is_constant
        and _words(inside[1:]) == ["::", "character", "varying", ")"]
    )


def _is_text(after: list[_Node]) -> bool:
    """``::text`` and no more of a type."""
    return _words(after[:2]) == ["::", "text"] and not (after[2:] and after[2].word in ("[", "(", "."))


def _array_type(nodes: list[_Node], at: int) -> list[_Node]:
    """The array type to which what is before ``at`` is cast: ``text[]``, ``character varying(5)[]``; [] for others."""
    if _words(nodes[at : at + 1]) != ["::"]:
        return []
    end = _type_end(nodes, at + 1)
    return nodes[at + 1 : end + 1] if end > at + 1 and _is_empty_subscript(nodes[end : end + 1]) else []


def _named_by_cast(nodes: list[_Node], at: int) -> int | None:
    """Where the type ends that begins at ``at``, if ``AS`` and the name that the cast gives anyway follow it."""
    end = _type_end(nodes, at)
    words = [node.word for node in nodes[at:end] if node.word not in ("(", ".")]
    end += _is_empty_subscript(nodes[end : end + 1])
    if not words or _words(nodes[end : end + 1]) != ["AS"] or len(nodes) < end + 2:
        return None
    spelled = words[-1] if "." in _words(nodes[at:end]) else " ".join(words)
    return end if nodes[end + 1].word.strip('"') == _CALLED.get(spelled, spelled).strip('"') else None


def _type_end(nodes: list[_Node], at: int) -> int:
    while at < len(nodes) and nodes[at].word != "AS" and (nodes[at].word[0].isalnum() or nodes[at].word[0] in '_".('):
        at += 1
    return at


def _is_empty_subscript(nodes: list[_Node]) -> bool:
    return _words(nodes) == ["["] and _words(nodes[0].inside) == ["]"]


def _cast_elements(array: _Node, target: list[_Node]) -> list[_Node]:
    word, brackets = array.inside[:2]
    elements: list[_Node] = []
    for element, end in _elements(brackets.inside):
        elements += [*_rewritten(_cast(element, target)), end]
    return [_Node(array.space, word.word), _Node("", "[", elements)]


def _elements(inside: list[_Node]) -> Iterator[tuple[list[_Node], _Node]]:
    """Each element with the comma or bracket that ends it."""
    element: list[_Node] = []
    for node in inside:
        if node.word in (",", "]"):
            if element:
                yield element, node
            element = []
        else:
            element.append(node)


def _cast(element: list[_Node], target: list[_Node]) -> list[_Node]:
    """The element cast to the type; an array in the array to an array of it, a constant without a cast of a cast."""
    first, type_words = element[0], _words(target)
    space, first.space = first.space, ""
    own_type = _words(element[2:])
    if first.is_constant and own_type and type_words[: len(own_type) + 1] == [*own_type, "("]:
        return [_Node(space, first.word), element[1], *target]
    brackets = _Node(space, "(", [*element, _Node("", ")")])
    more = [_Node("", "[", [_Node("", "]")])] if first.word == "ARRAY" and len(element) == 2 else []
    return [brackets, _Node("", "::"), *target, *more]
