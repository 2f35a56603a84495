"""What a person may want to know of a kind or a field, as plain values: type, default, limits, cost of a change, source.

One wording for `explain`, the reference pages and the schemas. Nothing here prints.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from novita_infra.diagnostics import nearest
from novita_infra.kinds.kind import By, Cases, Default, Field, Grows, Kind, Local, Refused, Replaces
from novita_infra.resources import Value


@dataclass(frozen=True, slots=True)
class FieldExplained:
    """One field, or one item inside a field such as `workers.min`."""

    path: str
    """As in a manifest below `spec`: `workers.min`."""
    doc: str
    type: str
    """`text`, `whole number`, `list of texts`, `map of texts`, `object with min, max`."""
    required: bool
    default: str
    """As it would be written; empty where the service chooses."""
    limits: tuple[str, ...]
    secret: bool
    """Whether it takes `{fromEnv: NAME}` and `{fromFile: PATH}`."""
    refers: str
    """The name of the kind that it points at, or empty."""
    means: str
    """What changing it costs."""
    api: str
    """The API's field behind it, and the page that says so."""
    items: tuple[FieldExplained, ...] = ()
    """What is inside an object, or inside the objects of a list."""


@dataclass(frozen=True, slots=True)
class KindExplained:
    """A kind and all its fields."""

    name: str
    prefix: str
    summary: str
    fields: tuple[FieldExplained, ...]
    outputs: Mapping[str, str]
    """What expressions may use, `id` included."""
    timeouts: Mapping[str, str]
    """`create`, `update`, `delete`, as a manifest spells durations."""
    deletion: str
    """What deleting an object costs."""
    replacement: str
    """In which order a replacement is made."""
    example: str


def explain(kind: Kind, path: str = "") -> KindExplained | FieldExplained:
    """The kind, or what `path` names in its spec (`workers`, `workers.min`, `networkStorages.mountPath`).

    Raises KeyError, with the nearest right name in its text, where there is no such field.
    """
    return _field_at(kind, path) if path else _kind(kind)


def describe_means(kind: Kind, field: Field) -> str:
    """What a difference in the field means: `update: the workers are renewed`, `forces replacement: ...`."""
    match field.change:
        case Grows(call=call, shrinking=shrinking):
            return f"growing: {describe_one(kind, By(call))}; shrinking: {describe_one(kind, shrinking)}"
        case Cases(cases=cases, otherwise=otherwise):
            told = [f"{_shown(old)} to {_shown(new)}: {describe_one(kind, one)}" for (old, new), one in cases.items()]
            return "; ".join([*told, f"otherwise: {describe_one(kind, otherwise)}"])
        case Local():
            return "no call of its own: it shapes other fields, or how calls are made"
        case By() | Replaces() | Refused() as one:
            return describe_one(kind, one)
        case unknown:
            assert_never(unknown)


def describe_one(kind: Kind, means: By | Replaces | Refused) -> str:
    """What one transition means, in the words that plans use too."""
    match means:
        case By(call=call):
            return kind.call(call).says
        case Replaces(why=why):
            return f"forces replacement: {why}"
        case Refused(why=why):
            return f"refused: {why}"
        case unknown:
            assert_never(unknown)


def _kind(kind: Kind) -> KindExplained:
    return KindExplained(
        name=kind.name,
        prefix=kind.prefix,
        summary=kind.summary,
        fields=tuple(_field(kind, item) for item in kind.fields),
        outputs={"id": "the service's id", **kind.outputs},
        timeouts={
            "create": _duration(kind.timeouts.create),
            "update": _duration(kind.timeouts.update),
            "delete": _duration(kind.timeouts.delete),
        },
        deletion=kind.delete.says,
        replacement="the new one is made before the old one goes"
        if kind.create_first
        else "the old one is deleted before the new one is made, unless something that stays still uses it",
        example=kind.example,
    )


def _field(kind: Kind, field: Field) -> FieldExplained:
    top = _Context(describe_means(kind, field), field.api, secret=field.secret or field.secret_items)
    default = _shown(field.absent.value) if isinstance(field.absent, Default) and field.absent.value else ""
    return _explained(
        field.name,
        {"description": field.doc, **({"default": field.absent.value} if default else {}), **field.schema},
        top,
        required=field.required,
        refers=_kind_name(field.refers) if not field.refers_at else "",
        referring={".".join(("", *field.refers_at)).replace(".*", ""): _kind_name(field.refers)},
    )


@dataclass(frozen=True, slots=True)
class _Context:
    """What a field hands down to what is inside it."""

    means: str
    api: str
    secret: bool
