"""Computes operators and functions over values of which some are secret or not known yet."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Final, TypeAlias

from novita_infra.model.computing.effort import Effort, Missing, Uncomputable, check_size, size_of
from novita_infra.model.computing.functions import FUNCTIONS
from novita_infra.model.computing.operators import OPERATORS
from novita_infra.model.computing.signatures import Function
from novita_infra.model.computing.types import truth_of
from novita_infra.model.diagnostics import nearest
from novita_infra.model.values import Computation, Digest, Ref, Secret, Value, is_known, is_secret, leaves, sources_of

Argument: TypeAlias = Callable[[], Value]
"""Evaluates an argument when it is needed."""

_SAME_WITHOUT: Final = "try it with a value that is not secret to see why"
_OPAQUE: Final = (Ref, Secret, Digest, Computation)


def compute(name: str, arguments: Sequence[Argument], effort: Effort) -> Value:
    """The result of an operator or function: a known value, or a Computation where an argument is not known.

    What depends on a secret is a Secret; if it is a number, or true or false, it is a Computation without references.
    Raises Uncomputable.
    """
    effort.spend(1)
    function = FUNCTIONS.get(name) or OPERATORS.get(name) or LAZY.get(name)
    if function is None:
        raise Uncomputable(f'there is no function "{name}"', nearest(name, sorted(known_functions())))
    function.check_count(name, len(arguments))
    if name in LAZY:
        return function.run(arguments, effort)
    given = [argument() for argument in arguments]
    if name in _MAKING or (
        _keeps_items(name, function, given) and not any(isinstance(item, _OPAQUE) for item in given)
    ):
        return _ran(name, function, given, effort)
    effort.spend(size_of(*given))
    if not all(map(_is_definite, given)):
        return frozen(name, given)
    if any(map(is_secret, given)):
        return _hidden(in_clear(frozen(name, given), effort), frozen(name, given))
    return _ran(name, function, given, effort)


@functools.cache
def known_functions() -> Mapping[str, Function]:
    """The functions that expressions call by their names, sorted."""
    called = {name: item for name, item in LAZY.items() if name.isidentifier()}
    return dict(sorted({**FUNCTIONS, **called}.items()))


def resolve(
    value: Value,
    known: Callable[[Ref], Value],
    failed: Callable[[Computation, Uncomputable], Value] | None = None,
    *,
    absent: Callable[[Ref], bool] = lambda _: False,
) -> Value:
    """The value with every Ref replaced by the result of `known`, and what can be computed then.

    `known` returns the Ref itself if its value is not known yet; it then remains in place. `failed` gives the value of
    a computation that has none; without it, this raises Uncomputable. `absent` says which unknown attributes no step
    will bring: in a computation they are missing, so that `default` gives another value.
    """
    match value:
        case Ref():
            return known(value)
        case Computation():
            try:
                return finished(_resolved(value, known, absent, Effort()))
            except Uncomputable as error:
                if failed is None:
                    raise
                return failed(value, error)
        case dict():
            return {name: resolve(item, known, failed, absent=absent) for name, item in value.items()}
        case list():
            return [resolve(item, known, failed, absent=absent) for item in value]
        case _:
            return value


def finished(value: Value) -> Value:
    """The value as YAML would have given it: a decimal as whole number or float.

    Raises Uncomputable for a secret that is no text.
    """
    match value:
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case Computation() if _is_definite(value):
            summary = "a number, or true or false, that is computed from a secret cannot be kept secret"
            raise Uncomputable(summary, "use it in a text, or compute it from something that is not secret")
        case list():
            return [finished(item) for item in value]
        case dict():
            return {name: finished(item) for name, item in value.items()}
        case _:
            return value


def frozen(name: str, arguments: Sequence[Value]) -> Computation:
    """The computation with arguments that are leaves."""
    return Computation(name, tuple(map(_leaf, arguments)))


def in_clear(value: Value, effort: Effort) -> Value:
    """The value with its secrets in clear, to compute with. Every reference in it is known."""
    match value:
        case Secret():
            return value.value
        case Computation(function=name, arguments=arguments):
            try:
                return compute(name, [partial(in_clear, item, effort) for item in arguments], effort)
            except Uncomputable as error:  # its message may hold the secret
                raise type(error)("this cannot be computed from the secret", _SAME_WITHOUT) from None
        case dict():
            return {name: in_clear(item, effort) for name, item in value.items()}
        case list():
            return [in_clear(item, effort) for item in value]
        case _:
            return value


def _resolved(
    computation: Computation, known: Callable[[Ref], Value], absent: Callable[[Ref], bool], effort: Effort
) -> Value:
    def argument(value: Value) -> Value:
        match value:
            case Ref():
                attribute = known(value)
                if isinstance(attribute, Ref) and absent(attribute):
                    raise Missing(f"{attribute} is not known: the object does not have it (yet)")
                return attribute
            case Computation():
                return _resolved(value, known, absent, effort)
            case _:
                return value

    return compute(computation.function, [partial(argument, item) for item in computation.arguments], effort)


def _ran(name: str, function: Function, arguments: Sequence[Value], effort: Effort) -> Value:
    """The result for known values of the right types."""
    function.check_types(name, arguments)
    result = function.run(*arguments)
    if name != "[]":
        effort.spend(check_size(size_of(result)))
    return result


def _keeps_items(name: str, function: Function, given: Sequence[Value]) -> bool:
    """Whether the result depends on no item of a list or map: that a map has a key is no secret of its value."""
    return function.whole or (name == "in" and isinstance(given[1], dict))


def _is_definite(value: Value) -> bool:
    """Whether every part of the value can be computed with: a digest hides its text for good."""
    return is_known(value) and not any(isinstance(leaf, Digest) for leaf in leaves(value))


def _leaf(value: Value) -> Value:
    match value:
        case list():
            return Computation("list", tuple(map(_leaf, value)))
        case dict():
            return Computation("map", tuple(part for name, item in value.items() for part in (name, _leaf(item))))
        case _:
            return value


def _hidden(result: Value, computation: Computation) -> Value:
    """The result of a computation with secrets, as a secret."""
    match result:
        case Secret() | str():
            text = result.value if isinstance(result, Secret) else result
            return Secret(text, sources_of(computation), computation)
        case list():
            return [_hidden(item, Computation("[]", (computation, index))) for index, item in enumerate(result)]
        case dict():
            return {name: _hidden(item, Computation("[]", (computation, name))) for name, item in result.items()}
        case None:
            return None
        case _:
            return computation


# --- operators and functions that do not evaluate every argument ------------------------------------------------


def _choice(arguments: Sequence[Argument], effort: Effort) -> Value:
    """`condition ? one : other`."""
    condition = arguments[0]()
    if not _is_definite(condition):
        return frozen("?:", [condition, arguments[1](), arguments[2]()])
    chosen = arguments[1 if truth_of(in_clear(condition, effort)) else 2]()
    if not is_secret(condition):
        return chosen
    return _hidden(chosen, frozen("?:", [condition, arguments[1](), arguments[2]()]))


def _both(arguments: Sequence[Argument], effort: Effort) -> Value:
    """`a && b`."""
    return _logic("&&", arguments, effort, decided=False)


def _either(arguments: Sequence[Argument], effort: Effort) -> Value:
    """`a || b`."""
    return _logic("||", arguments, effort, decided=True)


def _logic(name: str, arguments: Sequence[Argument], effort: Effort, *, decided: bool) -> Value:
    left = arguments[0]()
    if _is_definite(left):
        first = truth_of(in_clear(left, effort))
        if first is decided:
            return left
        right = arguments[1]()
        if not is_secret(left):
            return truth_of(in_clear(right, effort)) if _is_definite(right) and not is_secret(right) else right
        return frozen(name, [left, right])
    return frozen(name, [left, arguments[1]()])


def _default(arguments: Sequence[Argument], effort: Effort) -> Value:
    """The value, or the other one where there is none."""
    return _first("default", arguments, effort, lambda value: value is not None)


def _coalesce(arguments: Sequence[Argument], effort: Effort) -> Value:
    """The first value that is not null, missing or an empty text."""
    return _first("coalesce", arguments, effort, lambda value: value not in (None, ""))


def _first(name: str, arguments: Sequence[Argument], effort: Effort, usable: Callable[[Value], bool]) -> Value:
    passed: list[Value] = []
    for number, argument in enumerate(arguments):
        last = number == len(arguments) - 1
        try:
            value = argument()
        except Missing:
            if last:
                raise
            continue
        if not _is_definite(value):
            rest = [] if last else [_or_null(item) for item in arguments[number + 1 :]]
            return frozen(name, [*passed, value, *rest])
        if last or usable(in_clear(value, effort)):
            secret = any(map(is_secret, passed))
            return _hidden(value, frozen(name, [*passed, value])) if secret else value
        passed.append(value)
    raise Uncomputable(f"{name} has no value")


def _or_null(argument: Argument) -> Value:
    try:
        return argument()
    except Missing:
        return None


LAZY: Final = {
    "?:": Function(_choice, "condition ? one : other", ("any",) * 3, 3),
    "&&": Function(_both, "one && other", ("any",) * 2, 2),
    "||": Function(_either, "one || other", ("any",) * 2, 2),
    "coalesce": Function(_coalesce, "coalesce(value, ...)", repeats=True),
    "default": Function(_default, "default(value, other)", ("any",) * 2, 2),
}
"""Operators and functions that evaluate their arguments one after the other, as far as they need them."""

_MAKING: Final = frozenset({"list", "map"})
"""Functions whose arguments may themselves be secret or unknown: they only put them side by side."""
