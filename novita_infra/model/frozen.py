"""`dataclass` of the standard library, with frozen classes that cost a third at import.

Every command imports 150 to 250 frozen dataclasses before it does anything. The standard library compiles six functions
for each of them (1.2 ms a class, Python 3.11). Here only `__init__` is compiled, for the first value; the other methods
are closures over the names of the fields. `__init__` sets the slots themselves, which takes two thirds of the time of
`object.__setattr__`. Type checkers see the decorator of the standard library.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

__all__ = ["dataclass"]

_MISSING: Final = dataclasses.MISSING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool = False, slots: bool = False, **options: Any) -> Callable[[type], type]:
        """The decorator of a dataclass. `kw_only` is the only other option of one that is frozen and has slots."""
        if not (frozen and slots and options.keys() <= {"kw_only"}):
            return dataclasses.dataclass(frozen=frozen, slots=slots, **options)

        def decorate(plain: type) -> type:
            made = dataclasses.dataclass(plain, init=False, repr=False, eq=False, slots=True, **options)
            _complete(made, dataclasses.fields(made))
            return made

        return decorate


def _complete(made: Any, fields: tuple[dataclasses.Field[Any], ...]) -> None:
    """Adds the methods of a frozen dataclass; `__repr__`, `__eq__` and `__hash__` unless the class defines them."""
    own = vars(made)
    made.__init__ = _Initialiser(made, fields)
    made.__setattr__ = _refuse_assignment
    made.__delattr__ = _refuse_deletion
    made.__getstate__, made.__setstate__ = _state_methods(tuple(item.name for item in fields))
    if "__repr__" not in own:
        made.__repr__ = _representation(tuple(item.name for item in fields if item.repr))
    if "__eq__" not in own:
        made.__eq__ = _equality(_values_of([item.name for item in fields if item.compare]))
    if own.get("__hash__") is None:
        hashed = [item.name for item in fields if (item.compare if item.hash is None else item.hash)]
        made.__hash__ = _hashing(_values_of(hashed))


class _Initialiser:
    """Stands for `__init__` until it is looked up, and then puts the compiled one in its place."""

    def __init__(self, made: Any, fields: tuple[dataclasses.Field[Any], ...]) -> None:
        self._made, self._fields = made, fields

    def __get__(self, value: Any, owner: Any) -> Any:
        made = self._made
        if vars(made)["__init__"] is self:
            made.__init__ = _compiled(made, self._fields)
        return vars(made)["__init__"].__get__(value, owner)


def _compiled(made: Any, fields: tuple[dataclasses.Field[Any], ...]) -> Any:
    """`__init__`, compiled from the fields as the standard library does."""
    parameters = ["self", *(_parameter(item) for item in fields if item.init and not item.kw_only)]
    if keywords := [_parameter(item) for item in fields if item.init and item.kw_only]:
        parameters += ["*", *keywords]
    body = [f"_set_{item.name}(self, {text})" for item in fields if (text := _value(item))]
    if hasattr(made, "__post_init__"):
        body.append("self.__post_init__()")
    defaults = {f"_of_{item.name}": value for item in fields if (value := _default(item)) is not _MISSING}
    slots = {f"_set_{item.name}": getattr(made, item.name).__set__ for item in fields}
    names: dict[str, Any] = {"_missing": _MISSING, **slots, **defaults}
    lines = (
        f"def _make({', '.join(names)}):",
        f" def __init__({', '.join(parameters)}):",
        *(f"  {line}" for line in body or ["pass"]),
        " return __init__",
    )
    scope: dict[str, Any] = {}
    exec("\n".join(lines), vars(sys.modules[made.__module__]), scope)  # noqa: S102 -- names of fields alone
    function = scope["_make"](**names)
    function.__qualname__ = f"{made.__qualname__}.__init__"
    function.__annotations__ = {item.name: item.type for item in fields if item.init} | {"return": None}
    return function


def _default(item: dataclasses.Field[Any]) -> Any:
    """The default of a field, or the function that makes one."""
    return item.default if item.default is not _MISSING else item.default_factory


def _parameter(item: dataclasses.Field[Any]) -> str:
    if item.default is not _MISSING:
        return f"{item.name}=_of_{item.name}"
    return item.name if item.default_factory is _MISSING else f"{item.name}=_missing"


def _value(item: dataclasses.Field[Any]) -> str:
    """The expression that `__init__` assigns; empty for a field that `__post_init__` assigns."""
    if item.default_factory is not _MISSING:
        made = f"_of_{item.name}()"
        return f"{made} if {item.name} is _missing else {item.name}" if item.init else made
    if item.init:
        return item.name
    return "" if item.default is _MISSING else f"_of_{item.name}"


def _values_of(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    match names:
        case []:
            return lambda _: ()
        case [name]:
            return lambda value: (getattr(value, name),)
        case _:
            return attrgetter(*names)


def _refuse_assignment(_: Any, name: str, value: Any) -> None:  # noqa: ARG001 -- the signature of __setattr__
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(_: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state_methods(names: tuple[str, ...]) -> tuple[Callable[[Any], list[Any]], Callable[[Any, list[Any]], None]]:
    """`__getstate__` and `__setstate__`, for copies and pickles of a class that refuses assignments."""

    def state(self: Any) -> list[Any]:
        return [getattr(self, name) for name in names]

    def restore(self: Any, values: list[Any]) -> None:
        for name, value in zip(names, values, strict=True):
            object.__setattr__(self, name, value)

    return state, restore


def _representation(names: tuple[str, ...]) -> Callable[[Any], str]:
    def representation(self: Any) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({values})"

    return representation


def _equality(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any, object], bool]:
    def equal(self: Any, other: object) -> bool:
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return equal


def _hashing(values: Callable[[Any], tuple[Any, ...]]) -> Callable[[Any], int]:
    def hashed(self: Any) -> int:
        return hash(values(self))

    return hashed
