"""`${...}` in strings: turns text into values and reports what is wrong with it. Callers know the place of the text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from novita_infra.kinds import KINDS
from novita_infra.manifests.language.evaluating import Evaluator
from novita_infra.manifests.language.language_errors import LanguageError, at_offset
from novita_infra.manifests.language.parsing import parse_expression
from novita_infra.manifests.language.reading import ESCAPE
from novita_infra.manifests.language.scope import Reported, Scope
from novita_infra.manifests.language.tree import Attribute, Expression, Name
from novita_infra.model.addresses import Address
from novita_infra.model.computing.compute import finished, in_clear
from novita_infra.model.computing.effort import Effort, Uncomputable
from novita_infra.model.computing.types import WHOLE, as_text, truth_of, type_words
from novita_infra.model.frozen import dataclass
from novita_infra.model.values import Computation, Ref, Secret, Value, is_secret_name

Steps: TypeAlias = tuple[str | int, ...]
"""The way to a value inside of another."""
OPENING: Final = "${"
LEAST_OF_ENVIRONMENT: Final = 8
"""Characters below which a value of the environment is no secret: `KEYTIMEOUT=1` would hide every figure."""
_MOST_ERRORS: Final = 20
"""The most errors of one string that are reported; more have one cause, repeated."""
_MOST_PARSED: Final = 4096
"""The most strings whose parts are remembered: a fleet repeats its expressions."""


@dataclass(frozen=True, slots=True)
class ExpressionError:
    """An error in one expression of a string."""

    at: int
    """The offset in the string at which it stands."""
    summary: str
    hint: str = ""
    written: str = ""
    """The whole expression, which may hold a secret by mistake."""
    start: int = 0
    """The offset of the expression."""
    unset: str = ""
    """The variable of the environment that is not set, where that is the error."""
    unasked: bool = False
    """Whether it is unset only because it was not asked for."""
    cause: str = ""
    """What it has in common with the errors of other strings."""


class Evaluated(NamedTuple):
    """What a string gives."""

    value: Value
    """Plain, a Secret, a Ref or a Computation, or a list or map of these; the string itself if there are errors."""
    errors: tuple[ExpressionError, ...] = ()
    needs: frozenset[Address] = frozenset()
    """The resources that it names."""
    usable: bool = True
    """Whether it has a value. If it has none without an error, that is reported already."""


def evaluate(
    text: str, scope: Scope, *, secret: bool = False, textual: Callable[[Steps], bool] = lambda _: False
) -> Evaluated:
    """Returns the value of a string.

    A string that is one expression keeps the type of its value. With `secret`, the values of variables and of the
    environment are wrapped as Secrets that remember their source. Where `textual`
    wants a text, at a path inside of the value, a number, and true or false, become one.
    """
    evaluator = Evaluator(scope, secret=secret)
    parts: list[Value] = []
    errors: list[ExpressionError] = []
    usable = True
    pieces = pieces_of(text)
    alone = len(pieces) == 1
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(piece)
            continue
        if isinstance(piece, ExpressionError):
            errors.append(piece)
            continue
        try:
            parts.append(_value(piece, evaluator, secret=secret, alone=alone))
        except LanguageError as error:
            errors += _errors(error, piece)
        except Reported:
            usable = False
    needs = frozenset(evaluator.needs)
    if errors or not usable:
        return Evaluated(text, tuple(errors[:_MOST_ERRORS]), needs, usable=False)
    try:
        value = _with_texts(parts[0], textual, evaluator) if alone else evaluator.apply(0, "text", *parts)
        return Evaluated(finished(value), (), needs)
    except (LanguageError, Uncomputable) as error:
        return Evaluated(text, (ExpressionError(0, error.summary, error.hint),), needs, usable=False)


def condition_holds(text: str, scope: Scope) -> tuple[bool | None, tuple[ExpressionError, ...]]:
    """Returns whether the condition of a string holds, also where it depends on a secret, and its errors.

    It is None if there are errors, and if it has no value without one: that is reported already.
    """
    (piece, *others) = pieces_of(text)
    if isinstance(piece, ExpressionError):
        return None, (piece,)
    if others or not isinstance(piece, Expression):
        return None, (ExpressionError(0, "a condition is one expression", "such as ${var.count > 0}"),)
    try:
        return truth_of(in_clear(Evaluator(scope).value(piece.root), Effort())), ()
    except Uncomputable as error:
        located = at_offset(error, piece.start)
        return None, (ExpressionError(located.at, located.summary, located.hint, piece.text, piece.start),)
    except Reported:
        return None, ()


def _with_texts(value: Value, textual: Callable[[Steps], bool], evaluator: Evaluator, path: Steps = ()) -> Value:
    """Returns the value with texts in the place of numbers where texts are wanted."""
    match value:
        case dict():
            return {name: _with_texts(item, textual, evaluator, (*path, name)) for name, item in value.items()}
        case list():
            return [_with_texts(item, textual, evaluator, (*path, index)) for index, item in enumerate(value)]
        case _:
            return evaluator.apply(0, "text", value) if _may_be_number(value) and textual(path) else value


def _may_be_number(value: Value) -> bool:
    """Whether the value is a number or true or false, or may be one when it is known."""
    match value:
        case Ref(address=address, attribute=attribute):
            return address.type in KINDS and attribute in KINDS[address.type].api.number_outputs
        case Computation(function=function):
            return function != "text"
        case _:
            return isinstance(value, (int, float, Decimal))


def secrets_of_environment(environ: Mapping[str, str]) -> list[str]:
    """Returns the values of the variables with secret names: a command or an image may have got one by itself."""
    return [text for name, text in environ.items() if is_secret_name(name) and len(text) >= LEAST_OF_ENVIRONMENT]


def is_expression(text: str) -> bool:
    """Returns whether the string is one expression, and so keeps the type of its value."""
    pieces = pieces_of(text)
    return len(pieces) == 1 and isinstance(pieces[0], Expression)


@lru_cache(maxsize=_MOST_PARSED)
def pieces_of(text: str) -> tuple[str | Expression | ExpressionError, ...]:
    """Splits a string into its non-empty plain parts and its expressions, with an error for each that is none."""
    pieces: list[str | Expression | ExpressionError] = []
    plain, position = "", 0
    while (start := text.find(OPENING, position)) >= 0:
        plain += text[position:start]
        if plain.endswith("$"):
            plain, position = plain + "{", start + 2
            continue
        if plain:
            pieces.append(plain)
        plain = ""
        try:
            piece, position = parse_expression(text, start)
            pieces.append(piece)
        except LanguageError as error:
            end = text.find("}", start) + 1 or len(text)
            pieces.append(ExpressionError(error.at, error.summary, error.hint or ESCAPE, text[start:end], start))
            position = end
    plain += text[position:]
    return tuple([*pieces, plain] if plain or not pieces else pieces)


def _errors(error: LanguageError, piece: Expression) -> Iterator[ExpressionError]:
    """Yields the errors of an expression, each once."""
    said: set[tuple[str, str]] = set()
    for item in (error, *error.others):
        if (item.summary, item.hint) not in said:
            said.add((item.summary, item.hint))
            found = ExpressionError(item.at, item.summary, item.hint, piece.text, piece.start)
            yield replace(found, unset=item.unset, unasked=item.unasked, cause=item.cause)


def _value(expression: Expression, evaluator: Evaluator, *, secret: bool, alone: bool) -> Value:
    """Returns the value of an expression. Raises LanguageError where it cannot stand there, and Reported."""
    root = expression.root
    value = evaluator.value(root)
    if secret and isinstance(root, Attribute) and isinstance(root.target, Name) and isinstance(value, (int, float)):
        return Secret(as_text(value), f"{root.target.word}:{root.word}")
    if alone:
        return value
    if value is None:
        raise LanguageError(
            expression.start, "null cannot stand inside a text", 'give it another value: default(..., "")'
        )
    if isinstance(value, (list, dict)):
        raise LanguageError(expression.start, f"{type_words(value)} cannot stand inside a text", WHOLE)
    return value
