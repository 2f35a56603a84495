"""What a live object is waited for: a phase, or an expression over its attributes and fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from novita_infra.kinds.kind import Kind
from novita_infra.manifests.language.evaluating import Evaluator
from novita_infra.manifests.language.parsing import parse_expression
from novita_infra.manifests.language.scope import DeclaredResources, Scope
from novita_infra.manifests.language.tree import Apply, Attribute, Index, Name, Node, Splat
from novita_infra.model.computing.compute import in_clear
from novita_infra.model.computing.effort import Effort, Missing, Uncomputable
from novita_infra.model.computing.types import truth_of
from novita_infra.model.diagnostics import Problems, nearest, problem
from novita_infra.model.frozen import dataclass
from novita_infra.model.resources import Live, Phase
from novita_infra.model.values import Value

_OBJECT = "object"
"""The first word of every name inside of a condition: `status` is `object.status`."""


@dataclass(frozen=True, slots=True)
class ObjectCondition:
    """A condition on a live object."""

    text: str
    phase: Phase | None
    """The phase that is waited for; None for an expression."""
    root: Node | None = None
    """The expression, with the names of the object's attributes under one."""

    def holds(self, kind: Kind, live: Live) -> bool:
        """Whether it holds now. Raises Problems where it cannot hold for any object of the kind."""
        if self.root is None:
            return live.phase is self.phase
        values = _values_of(kind, live)
        try:
            return truth_of(in_clear(Evaluator(_scope(values)).value(self.root), Effort()))
        except Missing:
            return False
        except Uncomputable as error:
            raise _wrong(self.text, error) from None

    def check(self, kind: Kind) -> None:
        """Raises Problems with the names that no object of the kind has."""
        for name in sorted(_names(self.root)) if self.root else ():
            known = _names_of(kind)
            if name not in known:
                raise problem(f"{kind.type} has no attribute {name}: {self.text}", nearest(name, sorted(known)))


def parse_condition(text: str) -> ObjectCondition:
    """The condition in the text: a phase such as `ready`, else an expression. Raises Problems."""
    word = text.strip()
    phases = {phase.value: phase for phase in Phase}
    if word in phases:
        return ObjectCondition(word, phases[word])
    if word.isidentifier():
        raise problem(
            f"{word} is no phase, and no expression that is true or false",
            f"{nearest(word, list(phases))}; or write an expression such as 'status == \"running\"'",
        )
    start = 0 if word.startswith("${") else 2
    written = word if start == 0 else f"${{{word}}}"
    try:
        expression, end = parse_expression(written, 0)
    except Uncomputable as error:
        raise _wrong(text, error) from None
    if written[end:].strip():
        raise problem(f"{text} is more than one expression", "such as 'status == \"running\"'")
    return ObjectCondition(word, None, _under_object(expression.root))


def _wrong(text: str, error: Uncomputable) -> Problems:
    return problem(f"{text}: {error.summary}", error.hint)


def _under_object(node: Node) -> Node:
    """The node with each first word as an attribute of the object."""
    match node:
        case Name(at=at):
            return Attribute(at, Name(at, _OBJECT), node.word)
        case Attribute() | Splat():
            return replace(node, target=_under_object(node.target))
        case Index():
            return replace(node, target=_under_object(node.target), key=_under_object(node.key))
        case Apply():
            return replace(node, arguments=tuple(map(_under_object, node.arguments)))
        case _:
            return node


def _names(node: Node) -> set[str]:
    """The attributes of the object that a node under it names."""
    match node:
        case Attribute(target=Name(word=word)) if word == _OBJECT:
            return {node.word}
        case Attribute() | Splat():
            return _names(node.target)
        case Index():
            return _names(node.target) | _names(node.key)
        case Apply():
            return set().union(*map(_names, node.arguments))
        case _:
            return set()


def _names_of(kind: Kind) -> set[str]:
    return {"id", "name", "phase", "status", *kind.outputs, *kind.by_name}


def _values_of(kind: Kind, live: Live) -> Mapping[str, Value]:
    """The attributes and the fields of the object; null for what it does not have now."""
    own = {"id": live.id, "name": live.name, "phase": live.phase.value, "status": live.status}
    return {**dict.fromkeys(_names_of(kind)), **live.values, **live.outputs, **own}


def _scope(values: Mapping[str, Value]) -> Scope:
    return Scope(None, {}, DeclaredResources(attributes={}), named={_OBJECT: values})
