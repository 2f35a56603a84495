"""Parses expressions by precedence climbing: CEL's grammar without its macros, its types and its bytes."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from novita_infra.manifests.language.language_errors import LanguageError
from novita_infra.manifests.language.tokens import Token, tokens_of
from novita_infra.manifests.language.tree import (
    Apply,
    Attribute,
    Expression,
    Index,
    Literal,
    Name,
    Node,
    Splat,
)

DEEPEST: Final = 50
"""The deepest nesting of an expression."""
_BINDING: Final = {
    "||": 1,
    "&&": 2,
    **dict.fromkeys(("==", "!=", "<", "<=", ">", ">=", "in"), 3),
    **dict.fromkeys(("+", "-"), 4),
    **dict.fromkeys(("*", "/", "%"), 5),
}
"""How strongly an operator binds its operands. All are grouped from the left."""
_WORDS: Final = {"true": True, "false": False, "null": None}
_METHODS: Final = {"contains": 0, "join": -1, "replace": 0, "split": -1, "trim": 0}
"""The functions that CEL spells as methods, with the place of the receiver among the arguments."""


def parse_expression(string: str, start: int) -> tuple[Expression, int]:
    """Returns the expression whose `${` stands at the start, and the offset behind its `}`. Raises LanguageError."""
    tokens, end = tokens_of(string, start)
    parser = _Parser(tokens)
    root, _ = parser.conditional(0)
    parser.expect_end()
    return Expression(start, string[start:end], root), end


class _Parser:
    """A position among the tokens. Its methods return nodes with their depth."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._next = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def expect_end(self) -> None:
        """Raises LanguageError unless the expression ends here."""
        token = self._token
        if token.kind != "end":
            hint = "an operator is missing before it" if token.kind != "operator" else ""
            raise LanguageError(token.at, f"{_shown(token)} is not expected here", hint)

    def conditional(self, depth: int) -> tuple[Node, int]:
        """Parses `a ? b : c` and all that binds more strongly."""
        node, deep = self._binary(1, depth)
        if not self._takes("?"):
            return node, deep
        at = self._tokens[self._next - 1].at
        one, deep_one = self.conditional(self._deeper(depth, self._token))
        self._expect(":", "a condition is written: condition ? one : other")
        other, deep_other = self.conditional(self._deeper(depth, self._token))
        return self._made(Apply(at, "?:", (node, one, other)), deep, deep_one, deep_other)

    def _binary(self, binding: int, depth: int) -> tuple[Node, int]:
        left, deep = self._unary(depth)
        while (strength := self._strength()) >= binding:
            operator = self._token
            self._next += 1
            right, deep_right = self._binary(strength + 1, depth + 1)
            left, deep = self._made(Apply(operator.at, operator.written, (left, right)), deep, deep_right)
        return left, deep

    def _strength(self) -> int:
        token = self._token
        is_operator = token.kind == "operator" or (token.kind == "name" and token.written == "in")
        return _BINDING.get(token.written, 0) if is_operator else 0

    def _unary(self, depth: int) -> tuple[Node, int]:
        token = self._token
        if token.kind != "operator" or token.written not in "!-":
            return self._member(depth)
        self._next += 1
        operand, deep = self._unary(self._deeper(depth, token))
        if token.written == "-" and isinstance(operand, Literal) and type(operand.value) in (int, Decimal):
            return Literal(token.at, -operand.value), deep
        return self._made(Apply(token.at, "negate" if token.written == "-" else "!", (operand,)), deep)

    def _member(self, depth: int) -> tuple[Node, int]:
        node, deep = self._primary(depth)
        while True:
            if self._takes("."):
                node, deep = self._attribute(node, deep, depth)
            elif self._takes("["):
                node, deep = self._index(node, deep, depth)
            else:
                return node, deep

    def _attribute(self, target: Node, deep: int, depth: int) -> tuple[Node, int]:
        word = self._token
        if word.kind != "name":
            raise LanguageError(
                word.at,
                f"a name is missing after the point, before {_shown(word)}",
                'a key of another form is written ["key"]',
            )
        self._next += 1
        if not self._takes("("):
            return self._made(Attribute(word.at, target, word.written), deep)
        if word.written not in _METHODS:
            known = ", ".join(f".{name}()" for name in _METHODS)
            raise LanguageError(
                word.at, f'there is no method "{word.written}"', f"write {word.written}(...); methods: {known}"
            )
        arguments, inner = self._arguments(")", depth)
        if word.written == "join" and not arguments:
            arguments = [Literal(word.at, "")]
        arguments.insert(len(arguments) if _METHODS[word.written] else 0, target)
        return self._made(Apply(word.at, word.written, tuple(arguments)), deep, inner)

    def _index(self, target: Node, deep: int, depth: int) -> tuple[Node, int]:
        at = self._token.at
        if self._takes("*"):
            node: Node = Splat(at, target)
            inner = 0
        else:
            key, inner = self.conditional(self._deeper(depth, self._token))
            node = Index(at, target, key)
        self._expect("]", 'an index is written [0], ["key"] or [*]')
        return self._made(node, deep, inner)

    def _primary(self, depth: int) -> tuple[Node, int]:
        token = self._token
        self._next += 1
        if token.kind in ("number", "text"):
            return Literal(token.at, token.value), 1
        if token.kind == "name" and token.written != "in":
            if token.written in _WORDS:
                return Literal(token.at, _WORDS[token.written]), 1
            if not self._takes("("):
                return Name(token.at, token.written), 1
            arguments, deep = self._arguments(")", depth)
            return self._made(Apply(token.at, token.written, tuple(arguments)), deep)
        match token.written if token.kind == "operator" else "":
            case "(":
                node, deep = self.conditional(self._deeper(depth, token))
                self._expect(")", "")
                return node, deep + 1
            case "[":
                items, deep = self._arguments("]", depth)
                return self._made(Apply(token.at, "list", tuple(items)), deep)
            case "{":
                items, deep = self._arguments("}", depth, pairs=True)
                return self._made(Apply(token.at, "map", tuple(items)), deep)
            case _:
                what = (
                    "the expression is empty"
                    if len(self._tokens) == 1
                    else f"a value is missing before {_shown(token)}"
                )
                raise LanguageError(token.at, what, 'such as var.x, env.X, instance.trainer.id, 12 or "text"')

    def _arguments(self, end: str, depth: int, *, pairs: bool = False) -> tuple[list[Node], int]:
        """Parses values up to the end, which is consumed; of pairs, keys and values by turns."""
        depth = self._deeper(depth, self._token)
        found: list[Node] = []
        deepest = 0
        while not self._takes(end):
            if found:
                self._expect(",", f'"," or "{end}" comes next')
                if self._takes(end):
                    break
            for part in range(1 + pairs):
                if part:
                    self._expect(":", 'an entry of a map is written "key": value')
                node, deep = self.conditional(depth)
                found.append(node)
                deepest = max(deepest, deep)
        return found, deepest

    def _takes(self, written: str) -> bool:
        """Whether the next token is this operator; it is then consumed."""
        token = self._token
        if token.kind != "operator" or token.written != written:
            return False
        self._next += 1
        return True

    def _expect(self, written: str, hint: str) -> None:
        if not self._takes(written):
            raise LanguageError(self._token.at, f'"{written}" is missing before {_shown(self._token)}', hint)

    def _made(self, node: Node, *depths: int) -> tuple[Node, int]:
        deep = 1 + max(depths, default=0)
        self._deeper(deep - 1, self._tokens[0])
        return node, deep

    @staticmethod
    def _deeper(depth: int, token: Token) -> int:
        if depth >= DEEPEST:
            raise LanguageError(token.at, f"the expression is nested more than {DEEPEST} deep", "compute less in it")
        return depth + 1


def _shown(token: Token) -> str:
    return "its end" if token.kind == "end" else f'"{token.written}"' if len(token.written) <= 40 else "this text"
