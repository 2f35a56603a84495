"""The regular expressions of the package, found in its source, and texts that take a poor one long."""

from __future__ import annotations

import ast
import importlib
import itertools
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from re import _constants as codes
from re import _parser as parser
from typing import Any, Final

import novita_infra
from novita_infra.simulator.http.openapi import document
from novita_infra.simulator.profiles import PROFILES
from novita_infra.simulator.routes.registry import OPERATIONS

PACKAGE = Path(novita_infra.__file__).parent
FUNCTIONS: Final = frozenset({"compile", "match", "fullmatch", "search", "sub", "subn", "finditer", "findall", "split"})
SCANS: Final = frozenset({"search", "sub", "subn", "finditer", "findall", "split"})
SIZE: Final = 65_536
_UNBOUNDED: Final = 1000
_ODD: Final = "\u00e9", "~", "0", " ", "\n"
"""Characters that fit a class of what it leaves out."""
_END: Final = "\x01"


@dataclass(frozen=True)
class Use:
    """A regular expression and how the package applies it."""

    place: str
    pattern: str | bytes | None
    """None if it is made at run time."""
    flags: int
    methods: frozenset[str]
    """Out of `match`, `fullmatch` and `finditer`, which stands for everything that tries each position."""


@cache
def uses() -> tuple[Use, ...]:
    """Every regular expression in the source of the package."""
    return tuple(use for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__main__.py" for use in _in(path))


def _in(path: Path) -> Iterator[Use]:
    text = path.read_text(encoding="utf-8")
    if "import re\n" not in text:
        return
    relative = path.relative_to(PACKAGE)
    name = ".".join(("novita_infra", *relative.with_suffix("").parts)).removesuffix(".__init__")
    module = vars(importlib.import_module(name))
    tree = ast.parse(text)
    owners = {
        id(call): scope.name for scope in ast.walk(tree) if isinstance(scope, ast.FunctionDef) for call in _calls(scope)
    }
    names = {
        id(node.value): ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
    }
    for call in _calls(tree):
        place = f"{relative.as_posix()}:{names.get(id(call)) or owners.get(id(call)) or ast.unparse(call.args[0])}"
        function = call.func.attr  # type: ignore[attr-defined]  # `_calls` yields calls of attributes
        methods = _methods(tree, call) if function == "compile" else frozenset({_as_used(function)})
        try:
            pattern = eval(ast.unparse(call.args[0]), dict(module))  # noqa: S307 -- the package's own source
        except NameError:
            pattern = None
        flags = [
            argument for argument in [*call.args[1:], *(word.value for word in call.keywords)] if _is_flag(argument)
        ]
        yield Use(place, pattern, sum(eval(ast.unparse(flag), dict(module)) for flag in flags), methods)  # noqa: S307


def _calls(tree: ast.AST) -> list[ast.Call]:
    """The calls of functions of `re` that take a pattern."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in FUNCTIONS
    ]


def _is_flag(node: ast.expr) -> bool:
    return re.fullmatch(r"re\.[A-Z]+(?: \| re\.[A-Z]+)*", ast.unparse(node)) is not None


def _methods(tree: ast.Module, call: ast.Call) -> frozenset[str]:
    """The methods that the module calls on the compiled pattern; all if they cannot be seen."""
    every = frozenset({"fullmatch", "finditer"})
    names = [
        target.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is call
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    ]
    if not names or names[0][0] != "_":
        return every
    loads = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == names[0]]
    receivers = {
        id(node.func.value): _as_used(node.func.attr, len(node.args))
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    read = [node for node in loads if isinstance(node.ctx, ast.Load)]
    return frozenset(receivers[id(node)] for node in read) if all(id(node) in receivers for node in read) else every


def _as_used(method: str, arguments: int = 1) -> str:
    """The name for the method. `match` with a position is called at one position after another."""
    return "finditer" if method in SCANS or arguments > 1 else method


def patterns_in_schemas(folder: Path) -> dict[str, str]:
    """Each `pattern` of the JSON Schemas in the folder and of the simulator's OpenAPI document, with its place."""
    documents: list[tuple[str, Any]] = [
        (path.relative_to(folder).as_posix(), json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(folder.rglob("*.json"))
    ]
    documents += [("openapi", document(quirks, OPERATIONS)) for quirks in PROFILES.values()]
    return {pattern: place for place, document in reversed(documents) for pattern in _patterns(document)}


def _patterns(data: Any) -> Iterator[str]:
    if isinstance(data, Mapping):
        if isinstance(data.get("pattern"), str):
            yield data["pattern"]
        if isinstance(data.get("patternProperties"), Mapping):
            yield from data["patternProperties"]
    for item in data.values() if isinstance(data, Mapping) else data if isinstance(data, list) else ():
        yield from _patterns(item)


def texts(pattern: str | bytes, flags: int = 0) -> Iterator[str | bytes]:
    """Texts of 64 KB from the alphabet of the pattern: its letters, pairs of them, and its repeated parts repeated.

    Each ends in a character that does not fit, so that a match that can go back does so.
    """
    letters = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    for text in sorted(set(_texts(letters, flags))):
        yield text.encode("latin-1", "replace") if isinstance(pattern, bytes) else text


def _texts(pattern: str, flags: int) -> Iterator[str]:
    tree = parser.parse(pattern, flags)
    own = sorted(set(_letters(tree)))
    alphabet = [*own, *_ODD]
    pumps = list(_pumps(tree, "", alphabet))
    units = {_witness(tree, alphabet)[0], *own[:3]}
    if pumps:  # without an endless part the time is bounded by the length of the pattern
        units |= {*own[:8], *_ODD, *("".join(pair) for pair in itertools.permutations(own[:3], 2))}
    for before, bodies in pumps:
        units |= {before, *bodies, *(before + body for body in bodies)}
        yield from (before + _long(body) + _END for body in bodies if body)
        yield from (_long(before)[: SIZE // 2] + _long(body)[: SIZE // 2] for body in bodies[:1] if body and before)
    yield from (_long(unit) + _END for unit in units if unit)


def _long(unit: str) -> str:
    return unit * (SIZE // len(unit))


def _letters(tree: Any) -> Iterator[str]:
    """A few characters of each part of a pattern."""
    for code, value in tree:
        match code:
            case codes.LITERAL | codes.NOT_LITERAL:
                yield chr(value)
            case codes.IN:
                yield from _members(value)
            case codes.BRANCH:
                for branch in value[1]:
                    yield from _letters(branch)
            case codes.SUBPATTERN:
                yield from _letters(value[3])
            case codes.ATOMIC_GROUP:
                yield from _letters(value)
            case codes.ASSERT | codes.ASSERT_NOT:
                yield from _letters(value[1])
            case codes.MAX_REPEAT | codes.MIN_REPEAT | codes.POSSESSIVE_REPEAT:
                yield from _letters(value[2])
            case _:
                pass


def _members(parts: Any) -> Iterator[str]:
    for code, value in parts:
        match code:
            case codes.LITERAL:
                yield chr(value)
            case codes.RANGE:
                yield from (chr(value[0]), chr(value[1]))
            case codes.CATEGORY:
                yield {"DIGIT": "1", "SPACE": " ", "WORD": "a"}.get(str(value).rpartition("_")[2], "-")
            case _:
                pass


def _pumps(tree: Any, before: str, alphabet: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Each part that may be repeated without end: a text that leads to it, and texts that it may repeat."""
    for item in tree:
        code, value = item
        match code:
            case codes.MAX_REPEAT | codes.MIN_REPEAT | codes.POSSESSIVE_REPEAT:
                low, high, body = value
                if high >= _UNBOUNDED:
                    yield before, _witness(body, alphabet)
                yield from _pumps(body, before, alphabet)
                before += _witness(body, alphabet)[0] * min(low, SIZE)
                continue
            case codes.BRANCH:
                for branch in value[1]:
                    yield from _pumps(branch, before, alphabet)
            case codes.SUBPATTERN:
                yield from _pumps(value[3], before, alphabet)
            case codes.ATOMIC_GROUP:
                yield from _pumps(value, before, alphabet)
            case codes.ASSERT | codes.ASSERT_NOT:
                yield from _pumps(value[1], before, alphabet)
            case _:
                pass
        before += _witness([item], alphabet)[0]


def _witness(tree: Any, alphabet: list[str]) -> list[str]:
    """A few texts that fit the part of a pattern; the first is the plainest."""
    found = [""]
    for code, value in tree:
        match code:
            case codes.LITERAL:
                options = [chr(value)]
            case codes.NOT_LITERAL:
                options = [letter for letter in alphabet if letter != chr(value)][:4]
            case codes.ANY:
                options = [letter for letter in alphabet if letter != "\n"][:4]
            case codes.IN:
                fits = _set(value)
                options = [letter for letter in alphabet if fits(letter)][:6]
            case codes.BRANCH:
                options = [text for branch in value[1] for text in _witness(branch, alphabet)[:2]]
            case codes.SUBPATTERN:
                options = _witness(value[3], alphabet)
            case codes.ATOMIC_GROUP:
                options = _witness(value, alphabet)
            case codes.MAX_REPEAT | codes.MIN_REPEAT | codes.POSSESSIVE_REPEAT:
                options = [text * max(1, value[0]) for text in _witness(value[2], alphabet)]
            case _:
                options = [""]
        plain = options[0] if options else ""
        found = [*(found[0] + option for option in options), *(text + plain for text in found[1:])][:8] or [""]
    return found


def _set(parts: Any) -> Any:
    """Whether a character is in the class of characters."""
    negative = parts[0][0] is codes.NEGATE

    def fits(letter: str) -> bool:
        found = False
        for code, value in parts:
            match code:
                case codes.LITERAL:
                    found |= ord(letter) == value
                case codes.RANGE:
                    found |= value[0] <= ord(letter) <= value[1]
                case codes.CATEGORY:
                    word = {
                        "DIGIT": letter.isdigit(),
                        "SPACE": letter.isspace(),
                        "WORD": letter.isalnum() or letter == "_",
                    }
                    *_, negated, kind = ("", *str(value).split("_"))
                    found |= word[kind] is not (negated == "NOT")
                case _:
                    pass
        return found is not negative

    return fits
