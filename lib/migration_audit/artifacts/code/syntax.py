"""What a source file holds: names, calls, imports, texts. Comments hold nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from tree_sitter import Node

from migration_audit.artifacts.code.ddl import ddl_in
from migration_audit.artifacts.code.imports import Resolver, imports_of, path_in_text
from migration_audit.artifacts.code.languages import (
    PYTHON,
    SHELL,
    SourceLanguage,
    broken_parts,
    line_of,
    nodes_below,
    text_of,
)
from migration_audit.artifacts.code.literals import (
    HOLE,
    FoldedExpression,
    TextPart,
    appended_texts,
    fold_expression,
    folded_text,
    joined_text,
    literal_of,
    text_of_parts,
)
from migration_audit.artifacts.code.started_programs import (
    MAY_RUN,
    STARTERS,
    code_for_interpreter,
    decodes_program,
    generator_words,
    is_argument,
    linked_name,
    run_text,
    script_for_shell,
    shell_words,
    started_words,
)
from migration_audit.model.code import Call, CodeFile, CodeName, Ddl, Import, Literal, ManifestScript, Opaque
from migration_audit.model.location import Location

_SPEAKING: Final = re.compile(
    r"(?:log|logger|logging|console|print\w*|debug|info|warn|warning|error|errorf?|fatal\w*|panic\w*|trace|describe|it|test|"
    r"suite|context|\w*Error|\w*Exception|fail|skip|t|assert\w*|expect)\Z",
    re.IGNORECASE,
)
_CALLS: Final = {"call_expression": "function", "call": "function", "new_expression": "constructor"}
_SHOWN: Final = frozenset({"jsx_attribute", "jsx_text", "throw_statement", "raise_statement", "assert_statement"})
_BY_KEY: Final = frozenset({"subscript_expression", "subscript"})
_ESCAPED: Final = re.compile(r"\\u(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{4}))")
"""A letter of a name in JavaScript: ``m\\u0069grate``."""
_ENDS: Final = frozenset({"statement_block", "block", "program", "module", "source_file", "class_body"})


def _plain(name: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1] or match[2], 16)), name) if "\\" in name else name


def is_human_message(node: Node) -> bool:
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


def read_source(source: bytes, path: str, language: SourceLanguage, resolver: Resolver) -> CodeFile:
    """What the file holds; the parts that its grammar did not understand are in ``opaque``."""
    root = language.parse(source)
    reader = _Reader(path, language, resolver)
    reader.read(root)
    found = reader.result()
    return replace(found, opaque=(*found.opaque, *broken_parts(root, source, path, language)))


@dataclass
class _Reader:
    path: str
    language: SourceLanguage
    resolver: Resolver
    names: list[CodeName] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    imports: list[Import] = field(default_factory=list)
    literals: list[Literal] = field(default_factory=list)
    ddl: list[Ddl] = field(default_factory=list)
    defines: list[CodeName] = field(default_factory=list)
    scripts: list[ManifestScript] = field(default_factory=list)
    opaque: list[Opaque] = field(default_factory=list)
    constants: dict[str, tuple[TextPart, ...]] = field(default_factory=dict)
    renamed: dict[str, str] = field(default_factory=dict)
    """What imports are called here: ``{"r": "run_module"}``."""

    def at(self, node: Node) -> Location:
        return Location(self.path, line_of(node))

    def read(self, root: Node) -> None:
        self.constants = self._constants(root)
        for node in nodes_below(root):
            self._import(node)
            self._call(node)
            self._name(node)
            self._command(node)
        self._texts(root)
        self._handed_on(root)
        for node in nodes_below(root) if MAY_RUN.search(root.text or b"") else ():
            self._run_text(node)

    def result(self) -> CodeFile:
        return CodeFile(
            path=self.path,
            language=self.language.name,
            names=tuple(self.names),
            calls=tuple(sorted(set(self.calls), key=lambda call: (call.at, call.callee, call.handed_on))),
            imports=tuple(self.imports),
            literals=tuple(self.literals),
            ddl=tuple(self.ddl),
            defines=tuple(self.defines),
            scripts=tuple(self.scripts),
            opaque=tuple(self.opaque),
        )

    def _constants(self, root: Node) -> dict[str, tuple[TextPart, ...]]:
        """Names that this file binds once, to a text without a hole."""
        times: Counter[str] = Counter()
        found: dict[str, tuple[TextPart, ...]] = {}
        kinds = {kind: (name, value) for kind, name, value in self.language.assignments}
        for node in nodes_below(root):
            if node.type in kinds:
                name, value = (node.child_by_field_name(field) for field in kinds[node.type])
                if name is None:
                    continue
                times[text_of(name)] += 1
                value = value.named_children[0] if value is not None and value.type == "expression_list" else value
                folded = fold_expression(value, self.language, found) if value is not None else None
                if folded is not None and not folded.open:
                    found[text_of(name)] = folded.chunks
        return {name: chunks for name, chunks in found.items() if times[name] == 1}

    def _import(self, node: Node) -> None:
        found = [*imports_of(node, self.path, self.language, self.resolver, self.constants, self.renamed)]
        self.renamed |= {local: name for each in found for name, local in each.names if name != "*"}
        self.imports += found

    def _name(self, node: Node) -> None:
        if node.type in self.language.names:
            self.names.append(CodeName(text=_plain(text_of(node)), at=self.at(node)))
        if node.type in self.language.functions and (name := node.child_by_field_name("name")) is not None:
            self.defines.append(CodeName(text=text_of(name), at=self.at(node)))

    def _call(self, node: Node) -> None:
        for kind, role in self.language.calls:
            if node.type != kind:
                continue
            called = node.child_by_field_name(role) if role else next(iter(node.named_children), None)
            if called is not None and called.type not in {"call", "call_expression"}:
                # The name may be on a later line than the start of a chain of calls.
                last = called.named_children[-1] if called.named_child_count else called
                self.calls.append(Call(callee=self.dotted(called), at=self.at(last)))
                self._by_its_name(node, called)

    def _run_text(self, node: Node) -> None:
        """What a text says that is run as code; one that only the running program knows may say anything."""
        text = run_text(node, self.language)
        called = node.child_by_field_name("function")
        if text is None or (called is not None and text_of(called) in {name.text for name in self.defines}):
            return
        folded = fold_expression(text, self.language, self.constants)
        chunks = folded.chunks if folded is not None and not folded.open else self.constants.get(text_of(text))
        if chunks is None:
            reason = "runs code that only the running program knows"
            self.opaque.append(Opaque(reason=reason, text=text_of(node), at=self.at(node), is_all=True))
            return
        reader = _Reader(self.path, self.language, self.resolver)
        reader.read(self.language.parse(b"\n" * (line_of(node) - 1) + text_of_parts(chunks).encode()))
        for name in ("names", "calls", "imports", "scripts", "opaque", "ddl"):
            getattr(self, name).extend(getattr(reader, name))

    def _by_its_name(self, node: Node, called: Node) -> None:
        """``getattr(runner, "migrate")``."""
        given = node.child_by_field_name("arguments")
        if self.language is PYTHON and text_of(called) == "getattr" and given is not None and given.named_child_count > 1:
            host, name = given.named_children[:2]
            folded = fold_expression(name, self.language, self.constants)
            if folded is not None:
                self.calls.append(Call(callee=f"{self.dotted(host)}.{folded.text}", at=self.at(node), handed_on=True))

    def _command(self, node: Node) -> None:
        """A command that the file starts, with the words that are plain text."""
        if self.language is SHELL:
            words = shell_words(node, self.constants) or code_for_interpreter(node)
            if decodes_program(node):
                reason = "runs a program that is decoded or put together at run time"
                self.opaque.append(Opaque(reason=reason, text=text_of(node), at=self.at(node), is_all=True))
        else:
            words = started_words(node, self.language, self._starts_programs) or generator_words(node, self.language)
        if words:
            self.scripts.append(ManifestScript(name="", words=words, at=self.at(node)))
        if (linked := linked_name(node, self.language)) is not None:
            self.calls.append(Call(callee=linked, at=self.at(node), handed_on=True))
        if self.language is SHELL and (inner := script_for_shell(node)) is not None:
            reader = _Reader(self.path, SHELL, self.resolver)
            reader.read(inner)
            self.scripts += reader.scripts

    @property
    def _starts_programs(self) -> bool:
        return any(each.written.removeprefix("node:") in STARTERS for each in self.imports)

    def _texts(self, root: Node) -> None:
        todo = [root]
        while todo:
            node = todo.pop()
            folded = None if _is_documentation(node, self.language) else self._fold(node)
            if folded is None:
                todo += reversed([] if _is_documentation(node, self.language) else node.named_children)
                continue
            found = literal_of(folded, self.path, node)
            if found.text.strip():
                found = replace(found, is_human_message=is_human_message(node))
                self.literals.append(found)
                self.ddl += ddl_in(found, is_human_message=found.is_human_message)
                known = {(i.written, i.at) for i in self.imports}
                # Words of a command are looked at as a command: rm and grep load nothing.
                named = () if is_argument(node, self.language) else path_in_text(found, self.language, self.resolver)
                self.imports += (i for i in named if (i.written, i.at) not in known)
            todo += reversed(folded.open)

        self._appended(root)

    def _appended(self, root: Node) -> None:
        """DDL that is put together part by part, where no part alone is."""
        for node, parts in appended_texts(nodes_below(root), self.language, self.constants):
            alone = any(ddl_in(literal_of(part, self.path, node)) for part in parts)
            if len(parts) > 1 and not alone:
                self.ddl += ddl_in(literal_of(joined_text(parts), self.path, node))

    def _fold(self, node: Node) -> FoldedExpression | None:
        is_wrapper = node.type in self.language.wrappers  # what is in it comes next
        return None if is_wrapper else fold_expression(node, self.language, self.constants)

    def _handed_on(self, root: Node) -> None:
        """Functions of this file, and what it imports, used as values: ``withLock(migrate)``."""
        bound = {name.text for name in self.defines} | {local for i in self.imports for _, local in i.names}
        taken = {local: node for node, local in _taken_out(root) if local not in bound}
        bound |= _assigned_functions(root, self.language) | set(taken)
        for node in nodes_below(root):
            if node.parent is None or not self._is_value(node):
                continue
            callee = self.dotted(node)
            # Whether a member is a function only the running program knows: `withLock(runner.migrate)` may well be one.
            if "." in callee or callee in bound:
                self.calls.append(Call(callee=callee, at=self.at(node), handed_on=True))
        used = {call.callee for call in self.calls}
        for node in (node for local, node in taken.items() if local in used):
            self.calls.append(Call(callee=self._taken_from(node), at=self.at(node), handed_on=True))

    def _taken_from(self, pair: Node) -> str:
        """``db.migrate`` for the pair of ``const { migrate: up } = db``."""
        key, above = pair.child_by_field_name("key"), pair.parent.parent if pair.parent is not None else None
        host = above.child_by_field_name("value") if above is not None and above.type == "variable_declarator" else None
        return f"{self.dotted(host) if host is not None else HOLE}.{self.dotted(key) if key is not None else HOLE}"

    def _is_value(self, node: Node) -> bool:
        parent, language = node.parent, self.language
        members = (kind for kind, _, _ in language.members)
        if parent is None or node.type not in {"identifier", "shorthand_property_identifier", *members}:
            return False
        if parent.type in language.wrappers:
            return self._is_value_at(parent)
        return self._is_value_at(node)

    def _is_value_at(self, node: Node) -> bool:
        parent = node.parent
        if parent is None or parent.type not in self.language.values:
            return False
        names = ("name", "left", "key", "parameter", "parameters", "type")
        return all(parent.child_by_field_name(name) != node for name in names) or parent.type == "binary_expression"

    def dotted(self, node: Node) -> str:
        """The names of ``a.b``, ``a?.b!``, ``a['b']`` and ``(0, a.b)``; what is not a name is a hole."""
        language = self.language
        for kind, host, member in language.members:
            if node.type == kind:
                left, right = node.child_by_field_name(host), node.child_by_field_name(member)
                if right is not None and kind in _BY_KEY and text_of(right) in self.constants:
                    return f"{self.dotted(left) if left else HOLE}.{text_of_parts(self.constants[text_of(right)])}"
                return f"{self.dotted(left) if left else HOLE}.{self.dotted(right) if right else HOLE}"
        if node.type in {*language.wrappers, "generic_type", "type_instantiation_expression", "instantiation_expression"}:
            return self.dotted(node.named_children[0]) if node.named_child_count else HOLE
        if node.type == "sequence_expression":
            return self.dotted(node.named_children[-1])
        if node.type in language.names or node.type in {"import", "this", "super"}:
            return _plain(text_of(node))
        return folded_text(node, language, self.constants)


def _assigned_functions(root: Node, language: SourceLanguage) -> set[str]:
    functions = {"arrow_function", "function_expression", "function", "lambda", "func_literal", "generator_function"}
    kinds = {kind: (name, value) for kind, name, value in language.assignments}
    found = set()
    for node in nodes_below(root):
        if node.type in kinds:
            name, value = (node.child_by_field_name(field) for field in kinds[node.type])
            if name is not None and value is not None and value.type in functions:
                found.add(text_of(name))
    return found


def _taken_out(root: Node) -> Iterator[tuple[Node, str]]:
    """Members that are taken out of an object under another name, and that name: ``const { migrate: up } = db``."""
    for node in nodes_below(root):
        value = node.child_by_field_name("value") if node.type == "pair_pattern" else None
        if value is not None and value.type == "assignment_pattern":
            value = value.child_by_field_name("left")
        if value is not None and value.type == "identifier":
            yield node, text_of(value)


def _is_documentation(node: Node, language: SourceLanguage) -> bool:
    only = node.named_children[0].type if node.named_child_count == 1 else ""
    return node.type in language.statements_of_text and only in {*language.strings, "concatenated_string"}
