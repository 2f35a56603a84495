"""Frozen dataclasses behave as those of the standard library, and all modules that a command imports use them."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
import re
import sys
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import Any

import pytest

import novita_infra
from novita_infra.model import frozen


class Plain:
    """Every way of a field."""

    first: int
    quiet: str = field(default="q", repr=False, compare=False)
    unhashed: list[int] = field(default_factory=list, hash=False)
    by_name: int = field(default=3, kw_only=True)
    fixed: str = field(default="f", init=False)
    made: list[str] = field(default_factory=list, init=False, hash=False)
    late: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "late", self.first + 1)


class One:
    """One field."""

    only: float


class Empty:
    """No field."""


class Own:
    """Methods of its own."""

    name: str

    def __repr__(self) -> str:
        return "own"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self))

    def __hash__(self) -> int:
        return 7


def _made(body: type, decorator: Callable[..., Any], **options: Any) -> Any:
    """A copy of the class, decorated."""
    members = {name: value for name, value in vars(body).items() if name not in {"__dict__", "__weakref__"}}
    return decorator(frozen=True, slots=True, **options)(type(body.__name__, (), copy.copy(members)))


def _both(body: type, **options: Any) -> tuple[Any, Any]:
    return _made(body, frozen.dataclass, **options), _made(body, dataclasses.dataclass, **options)


def _outcome(call: Callable[[], object]) -> object:
    try:
        return call()
    except (TypeError, AttributeError) as error:
        return type(error), str(error).replace("Plain.__init__", "__init__")


CALLS: dict[str, Callable[[Any], object]] = {
    "repr": lambda kind: repr(kind(1)),
    "repr of all": lambda kind: repr(kind(1, "x", [2], by_name=4)),
    "equal": lambda kind: kind(1) == kind(1, "other"),
    "unequal": lambda kind: kind(1) == kind(2),
    "other type": lambda kind: kind(1) == 1,
    "equal hash": lambda kind: hash(kind(1)) == hash(kind(1, "x", [5])),
    "unequal hash": lambda kind: hash(kind(1)) == hash(kind(1, by_name=5)),
    "own default": lambda kind: kind(1).unhashed is kind(1).unhashed,
    "post init": lambda kind: kind(1).late,
    "missing": lambda kind: kind(),
    "too many": lambda kind: kind(1, "x", [2], 4),
    "init false": lambda kind: kind(1, fixed="x"),
    "unknown": lambda kind: kind(1, unknown="x"),
    "assignment": lambda kind: setattr(kind(1), "first", 2),
    "deletion": lambda kind: delattr(kind(1), "first"),
    "replace": lambda kind: repr(dataclasses.replace(kind(1), first=5)),
    "asdict": lambda kind: dataclasses.asdict(kind(1)),
    "copy": lambda kind: repr(copy.copy(kind(1, "x"))),
    "deepcopy": lambda kind: repr(copy.deepcopy(kind(1, "x"))),
    "signature": lambda kind: str(inspect.signature(kind)).count("="),
    "match args": lambda kind: kind.__match_args__,
    "slots": lambda kind: kind.__slots__,
    "annotations": lambda kind: kind.__init__.__annotations__,
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_frozen_class_does_what_a_dataclass_of_the_standard_library_does(call: Callable[[Any], object]) -> None:
    ours, theirs = _both(Plain)
    assert _outcome(lambda: call(ours)) == _outcome(lambda: call(theirs))


@pytest.mark.parametrize("value", [1.0, float("nan")])
def test_a_frozen_class_of_one_field_compares_it_as_a_tuple(value: float) -> None:
    ours, theirs = _both(One, kw_only=True)
    assert (ours(only=value) == ours(only=value)) == (theirs(only=value) == theirs(only=value))
    assert hash(ours(only=value)) == hash(theirs(only=value))
    assert repr(ours(only=value)) == repr(theirs(only=value))


def test_a_frozen_class_without_fields_has_one_value() -> None:
    ours, theirs = _both(Empty)
    assert (ours() == ours(), repr(ours())) == (theirs() == theirs(), repr(theirs()))
    assert hash(ours()) == hash(theirs())


def test_a_frozen_class_keeps_its_own_methods() -> None:
    ours, _ = _both(Own)
    assert (repr(ours("a")), ours("a") == ours("b"), hash(ours("a"))) == ("own", True, 7)


def test_a_frozen_class_can_be_pickled(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, _ = _both(One)
    monkeypatch.setattr(sys.modules[__name__], "One", ours)
    assert pickle.loads(pickle.dumps(ours(1.5))) == ours(1.5)  # noqa: S301 -- our own bytes


def test_a_frozen_class_refuses_a_new_attribute_like_a_field() -> None:
    ours, _ = _both(Plain)
    with pytest.raises(dataclasses.FrozenInstanceError, match="unknown"):
        ours(1).unknown = 2


def test_other_dataclasses_are_those_of_the_standard_library() -> None:
    changed: Any = frozen.dataclass(slots=True)(
        type("Changed", (), {"__annotations__": {"a": "int"}, "__doc__": "Doc."})
    )
    value = changed(1)
    value.a = 2
    assert value == changed(2)


def test_every_frozen_dataclass_is_made_by_the_cheap_decorator() -> None:
    package = Path(novita_infra.__file__).parent
    usual = re.compile(r"^from dataclasses import .*\bdataclass\b", re.MULTILINE)
    cheap = re.compile(r"@dataclass\(frozen=True, slots=True(, kw_only=True)?\)")
    modules = {path.relative_to(package).as_posix(): path.read_text(encoding="utf-8") for path in package.rglob("*.py")}
    dear = [name for name, text in modules.items() if usual.search(text) and cheap.search(text)]
    assert [name for name in dear if not name.startswith("simulator/")] == []
