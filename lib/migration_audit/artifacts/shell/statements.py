"""The statements of a shell script in the order in which they run: lists, branches, loops, functions, pipes."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import ClassVar, Final

from tree_sitter import Node

from migration_audit.artifacts.shell.conditions import Answer, Ask, decide_chain, decide_condition, is_pattern, matching_case
from migration_audit.artifacts.shell.flow import NOTHING, ExecutionPoint, FailureEffect, ending
from migration_audit.artifacts.shell.parse import (
    Branch,
    asks,
    branches_of,
    case_item,
    chain_of,
    command_parts,
    depends_on,
    ends_line,
    given_code,
    on_one_line,
    shell_text_of,
    statements_in,
    substitutions,
)
from migration_audit.artifacts.shell.path_lookup import PathLookup
from migration_audit.artifacts.shell.words import Word, expand
from migration_audit.model.image import Guard
from migration_audit.model.location import Location

_PROCESSES: Final = ("command_substitution", "process_substitution")
"""What runs inside of words, in a process of its own."""
_MOST_TURNS: Final = 50


class Statements(PathLookup):
    """The part of a walk that knows the grammar; what a simple command does is for the class that completes it."""

    _conditions = 0

    @abstractmethod
    def start(self, words: Sequence[Word], at: Location, where: ExecutionPoint) -> None:
        """A simple command with these words."""

    @property
    @abstractmethod
    def position(self) -> int:
        """Of the next command that is found."""

    def decided(self, node: Node, where: ExecutionPoint) -> Answer:
        """The outcome of a condition at this point."""
        return decide_condition(node, where.state, self._ask(where))

    def _ask(self, where: ExecutionPoint) -> Ask:
        return lambda operator, path: self.asked(operator, path, where)

    def condition(self) -> int:
        """A number of its own for something that only a run decides."""
        self._conditions += 1
        return self._conditions

    def _decision(self) -> tuple[Guard, Guard]:
        """That a new condition is true, and that it is false."""
        number = self.condition()
        return tuple(Guard(of=number, outcomes=frozenset({outcome})) for outcome in (0, 1))  # type: ignore[return-value]

    def program(self, where: ExecutionPoint) -> None:
        """The whole text at this point."""
        self._statements(self.parsed(where).children, where)

    def node(self, node: Node, where: ExecutionPoint) -> None:
        """One statement of any kind, unless the script is over."""
        if not where.is_over:
            super().node(node, where)

    def _no_outcome(self) -> None:
        return None

    def _statements(self, children: Sequence[Node], where: ExecutionPoint) -> None:
        """Statements one after the other; the status of the last one is the status of all."""
        run = [(child, _next(children, i)) for i, child in enumerate(children) if child.is_named and child.type != "comment"]
        before_last = replace(where, scope=NOTHING, on_success=NOTHING)
        for position, (child, behind) in enumerate(run):
            here = where if position == len(run) - 1 else before_last
            if behind == "&":
                here = replace(where.only("it runs in the background").status_checked(), in_background=True)
            self.node(child, here)

    def _body(self, node: Node, where: ExecutionPoint) -> None:
        self._statements(node.children, where)

    def _list(self, node: Node, where: ExecutionPoint) -> None:
        """A chain of ``&&`` and ``||``: each part at the point to which the list around it brings it."""
        chain = chain_of(node)
        answers = decide_chain(chain, where.state, self._ask(where))
        points = [where]
        for outer in reversed(chain):
            here, stop = points[-1], self._fails(outer.children[2], points[-1]) or NOTHING
            is_and = outer.children[1].type == "&&"
            scope = (here.scope if here.scope is not NOTHING else FailureEffect(0)) if is_and else stop
            points.append(here.status_checked(scope, stop if is_and else NOTHING))
        inner = points.pop()
        self.node(chain[0].children[0], inner)
        for each, answer in zip(chain, answers, strict=False):
            left, operator, right = each.children[:3]
            here = points.pop()
            if operator.type == "&&" and answer.value is not False:
                unknown = answer.value is None and asks(left)
                self._branch([right], here, depends_on(left, answer.why) if unknown else None)
            elif operator.type != "&&" and answer.value is not True:
                reason = None if answer.value is False else f"it runs only where `{on_one_line(left)}` fails"
                self._branch([right], replace(here, after_failure=True), reason)
            if operator.type == "&&" and inner.scope is not here.scope:
                inner.scope.until = self.position
            inner = here

    def _fails(self, node: Node, where: ExecutionPoint) -> FailureEffect | None:
        """What is stopped where ``node`` certainly ends with a failure; None where it may succeed."""
        match node.type:
            case "compound_statement" | "do_group" | "else_clause":
                inner = statements_in(node)
                return self._fails(inner[-1], where) if inner else None
            case "list" if node.children[1].type == "&&":
                return self._fails(node.children[-1], where)
            case "redirected_statement":
                return self._fails(node.named_children[0], where)
            case "command":
                words = shell_text_of(node).split()
                if words == ["false"]:
                    return where.scope
                if len(words) == 2 and words[0] in ("exit", "return") and re.fullmatch(r'[1-9]\d*|"?\$\?"?', words[1]):
                    level = where.function if words[0] == "return" and where.function else where.process
                    return level.scope
        return None

    def _negated(self, node: Node, where: ExecutionPoint) -> None:
        self.node(node.named_children[-1], where.status_checked(where.on_success, where.scope))

    def _if(self, node: Node, where: ExecutionPoint) -> None:
        branches, otherwise = branches_of(node)
        self._chain(branches, otherwise, where)

    def _chain(self, branches: Sequence[Branch], otherwise: Sequence[Node], where: ExecutionPoint) -> None:
        """The branches of an ``if`` from one of them on, and its ``else``."""
        for position, (condition, body) in enumerate(branches):
            answer = self.decided(condition[-1], where) if len(condition) == 1 else Answer(None)
            if answer.value is False:
                continue
            if answer.value is True:
                self._statements(body, where)
                return
            is_last = position == len(branches) - 1
            on_failure = self._fails(otherwise[-1], where) if is_last and otherwise else None
            on_success = self._fails(body[-1], where) if body else None
            self._statements(condition, where.status_checked(on_failure or NOTHING, on_success or NOTHING))
            reason = depends_on(condition[-1], answer.why)
            is_true, is_false = self._decision()
            self._branch(body, where, None if on_failure else reason, is_true)
            if on_success is None:
                with self._perhaps(where, reason, is_false) as inner:
                    self._chain(branches[position + 1 :], otherwise, inner)
                return
        self._statements(otherwise, where)

    def _branch(self, body: Sequence[Node], where: ExecutionPoint, reason: str | None, guard: Guard | None = None) -> None:
        if reason is None:
            self._statements(body, where)
            return
        with self._perhaps(where, reason, guard) as inner:
            self._statements(body, inner)

    @contextmanager
    def _perhaps(self, where: ExecutionPoint, reason: str, guard: Guard | None = None) -> Iterator[ExecutionPoint]:
        """A part that may not run, by default where a new condition is true: what it changes is unknown afterwards."""
        inner = where.only(reason, guard or self._decision()[0])
        yield inner
        where.state.forget(inner.state)

    def _while(self, node: Node, where: ExecutionPoint) -> None:
        is_until = node.children[0].type == "until"
        condition = [c for c in node.named_children if c.type not in ("do_group", "comment")]
        body = next(c for c in node.named_children if c.type == "do_group")
        decided = self.decided(condition[-1], where).value if len(condition) == 1 else None
        if decided is is_until and decided is not None:
            return
        again, over = where.process.scope, NOTHING
        looked = where.status_checked(again, over) if is_until else where.status_checked(over, again)
        self._statements(condition, looked)
        depends = f"it is in a loop that depends on `{on_one_line(condition[-1])}`"
        with self._perhaps(where, depends if decided is None else "it is in an endless loop") as inner:
            self._body(body, inner.in_loop())
        if decided is not None:
            where.process.may_be_over = where.process.may_be_over or f"the loop at {where.script.place(node)} may not end"
            where.process.over_if.append((*where.guards, self._decision()[0]))

    def _for(self, node: Node, where: ExecutionPoint) -> None:
        body = next(c for c in node.named_children if c.type in ("do_group", "compound_statement"))
        parts = [c for c in node.named_children if c is not body and c.type != "comment" and c.start_byte < body.start_byte]
        name, values = shell_text_of(parts[0]), parts[1:]
        words = [word for value in values for word in self._for_words(value, where)]
        if len(parts) == 1:
            words = list(where.state.arguments) if where.state.arguments_known else [Word("$@", known=False)]
        if all(word.known for word in words) and len(words) <= _MOST_TURNS:
            loop = where.inner_process(where.process.scope)
            for word in words:
                where.state.variables[name] = word.text
                self._body(body, where.in_loop(loop))
            return
        with self._perhaps(where, f"it is in a loop over `{' '.join(map(on_one_line, values))}`") as inner:
            inner.state.variables[name] = None
            self._body(body, inner.in_loop())

    def _for_words(self, node: Node, where: ExecutionPoint) -> list[Word]:
        """An unquoted glob becomes the names of those files that are certainly there; else they are unknown."""
        found: list[Word] = []
        for word in expand(node, where.state):
            is_glob = is_pattern(node)
            names = self.names(word.text, where) if is_glob and word.known and "{" not in word.text else ()
            found += [Word(name) for name in names] or [replace(word, known=word.known and not is_glob)]
        return found

    def _case(self, node: Node, where: ExecutionPoint) -> None:
        subject = expand(node.named_children[0], where.state)
        items = [child for child in node.named_children if child.type == "case_item"]
        known = len(subject) == 1 and subject[0].known
        parsed = [case_item(item) for item in items]
        if known and all(
            shell_text_of(p).isprintable() and "$" not in shell_text_of(p) for patterns, _ in parsed for p in patterns
        ):
            for patterns, body in parsed:
                texts = [expand(p, where.state)[0].text for p in patterns]
                if matching_case(subject[0].text, texts):
                    self._statements(body, where)
                    return
            return
        number = self.condition()
        has_default = bool(parsed) and [shell_text_of(pattern) for pattern in parsed[-1][0]] == ["*"]
        for outcome, (_, body) in enumerate(parsed):
            reason = f"it depends on `case {on_one_line(node.named_children[0])}`"
            count = len(parsed) if has_default else len(parsed) + 1
            self._branch(body, where, reason, Guard(of=number, outcomes=frozenset({outcome}), count=count))

    def _pipeline(self, node: Node, where: ExecutionPoint) -> None:
        parts = statements_in(node)
        for position, part in enumerate(parts):
            inner = replace(where, state=where.state.copy())
            is_last = position == len(parts) - 1
            self.node(part, inner if is_last or where.state.pipefail else inner.status_checked())

    def _own_process(self, node: Node, where: ExecutionPoint) -> None:
        """Statements that cannot end the script around them, nor change what it knows."""
        with ending(where.failure, lambda: self.position) as scope:
            process = where.inner_process(scope)
            inner = replace(where, state=where.state.copy(), process=process, function=None, scope=where.failure)
            inner = replace(inner, loop=None, turn=None)
            self._statements(node.children, inner)

    def _redirected(self, node: Node, where: ExecutionPoint) -> None:
        code = given_code(node)
        for child in node.named_children:
            if code is not None and child.type == "command":
                words = [word for part in command_parts(child)[1] for word in expand(part, where.state)]
                self.start([*words, Word("-e"), Word(code)], where.script.place(child), where)
                continue
            if child.type == "heredoc_redirect":
                for more in child.named_children:
                    if more.type in self._HANDLERS:
                        self.node(more, where)
            elif child.type in self._HANDLERS:
                self.node(child, where)
            if child.type.endswith("redirect"):
                self._substitutions(child, where)
                self._opened(child, where)

    def _opened(self, redirect: Node, where: ExecutionPoint) -> None:
        """``> file`` makes the file, whatever the command does."""
        target = redirect.child_by_field_name("destination")
        is_writing = any(child.type.rstrip("|").endswith(">") for child in redirect.children)
        if target is None or not is_writing or target.type == "number":
            return
        words = expand(target, where.state)
        if not (len(words) == 1 and words[0].text.startswith("/dev/")):
            self.change([Word("tee"), *words], where.script.place(redirect), where)

    def _function(self, node: Node, where: ExecutionPoint) -> None:
        name = shell_text_of(node.named_children[0])
        body = next((c for c in node.named_children if c.type in self._HANDLERS), None)
        if body is not None:
            where.state.functions[name] = (where.script, body)

    def _declaration(self, node: Node, where: ExecutionPoint) -> None:
        for child in node.named_children:
            if child.type == "variable_assignment":
                self._assignment(child, where.status_checked())

    def _assignment(self, node: Node, where: ExecutionPoint) -> None:
        self._substitutions(node, where)
        name, value = shell_text_of(node.named_children[0]), node.named_children[1:]
        words = expand(value[0], where.state) if value else [Word("")]
        known = all(word.known for word in words) and "+=" not in [c.type for c in node.children]
        where.state.variables[name] = " ".join(word.text for word in words) if known else None

    def _assignments(self, node: Node, where: ExecutionPoint) -> None:
        for child in node.named_children:
            self._assignment(child, where)

    def _unset(self, node: Node, where: ExecutionPoint) -> None:
        names = [shell_text_of(child) for child in node.named_children]
        for name in names:
            if "-f" in names or name not in where.state.variables:
                where.state.functions.pop(name, None)
            where.state.variables |= {name: ""} if "-f" not in names else {}

    def _command(self, node: Node, where: ExecutionPoint) -> None:
        given, parts = command_parts(node)
        for redirect in (c for c in node.named_children if c.type == "file_redirect"):
            self._opened(redirect, where)
        if started := [one for part in (*given, *parts) for one in substitutions(part, *_PROCESSES)]:
            checked = where.status_checked()
            for one in started:
                self._own_process(one, checked)
        words = [word for part in parts for word in expand(part, where.state)]
        if given and ends_line(given[-1], node):
            for part in given:
                self._assignment(part, where)
            words = [word for part in parts for word in expand(part, where.state)]
        elif given:
            inner = replace(where, state=where.state.copy())
            for part in given:
                self._assignment(part, inner.status_checked())
            where = inner
        self.start(words, where.script.place(parts[0] if parts else node), where)

    def _substitutions(self, node: Node, where: ExecutionPoint) -> None:
        """What runs inside of words: ``$(…)``, backquotes, ``<(…)``."""
        for inner in substitutions(node, *_PROCESSES):
            self._own_process(inner, where)

    def _test(self, node: Node, where: ExecutionPoint) -> None:
        self._substitutions(node, where.status_checked())

    def _other_loop(self, node: Node, where: ExecutionPoint) -> None:
        for child in node.named_children:
            if child.type in ("do_group", "compound_statement"):
                with self._perhaps(where, "it is in a loop") as inner:
                    self._body(child, inner.in_loop())

    _HANDLERS: ClassVar = {
        "list": _list,
        "compound_statement": _body,
        "do_group": _body,
        "negated_command": _negated,
        "if_statement": _if,
        "while_statement": _while,
        "for_statement": _for,
        "c_style_for_statement": _other_loop,
        "case_statement": _case,
        "pipeline": _pipeline,
        "subshell": _own_process,
        "redirected_statement": _redirected,
        "function_definition": _function,
        "declaration_command": _declaration,
        "variable_assignment": _assignment,
        "variable_assignments": _assignments,
        "unset_command": _unset,
        "command": _command,
        "test_command": _test,
    }


def _next(children: Sequence[Node], position: int) -> str:
    return children[position + 1].type if position + 1 < len(children) else ""
