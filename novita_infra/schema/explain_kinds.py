"""What a person may want to know of a kind or a field, as plain values: type, limits, what a change costs, source.

One wording for `explain_path`, the reference pages and the schemas. Nothing here prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, assert_never

from novita_infra.kinds.field import By, Cases, Default, Field, Grows, Local, Platform, Refusal, Replaces
from novita_infra.kinds.kind import Kind
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.schema.frame import waits
from novita_infra.schema.wording import default_of, limits_of, shown_value, type_of

_BESIDE: Final = ("metadata", "lifecycle")
"""What a misspelt name may mean though it is no field of a spec."""


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
    removal: str
    """What taking it out of the manifest does; empty for what must be given, and inside a field."""
    api: str
    """The API's field behind it, and the page that says so."""
    items: tuple[FieldExplained, ...] = ()
    """What is inside an object, or inside the objects of a list."""


@dataclass(frozen=True, slots=True)
class KindExplained:
    """A kind and all its fields."""

    name: str
    type: str
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


def explain_path(kind: Kind, path: str = "") -> KindExplained | FieldExplained:
    """The kind, or what `path` names in its spec: `workers`, `workers.min`, `networkStorages.mountPath`.

    Raises Problems, with the nearest right name, where it names nothing.
    """
    return explain_field(kind, path) if path else explain_kind(kind)


def explain_kind(kind: Kind) -> KindExplained:
    """All that there is to tell of the kind."""
    return KindExplained(
        name=kind.name,
        type=kind.type,
        summary=kind.summary,
        fields=tuple(_field(kind, item) for item in kind.fields),
        outputs={"id": "the service's id", **kind.outputs},
        timeouts=waits(kind),
        deletion=kind.api.delete.summary.partition(": ")[2],
        replacement="the new one is made before the old one goes"
        if kind.create_first
        else "the old one is deleted before the new one is made, unless something that stays still uses it",
        example=kind.example,
    )


def explain_field(kind: Kind, path: str) -> FieldExplained:
    """What `path` names in the kind's spec. Raises Problems, with the nearest right name, where it names nothing."""
    first, *rest = path.split(".")
    found = _named(first, tuple(_field(kind, item) for item in kind.fields), kind.name, also=_BESIDE)
    for name in rest:
        found = _named(name, found.items, f"{kind.name}.{found.path}")
    return found


def describe_means(kind: Kind, field: Field) -> str:
    """What a difference in the field means: `update: the workers are renewed`, `forces replacement: ...`."""
    match field.change:
        case Grows(call=call, shrinking=shrinking):
            return f"growing: {describe_one(kind, By(call))}; shrinking: {describe_one(kind, shrinking)}"
        case Cases(cases=cases, otherwise=otherwise):
            told = [
                f"{shown_value(old)} to {shown_value(new)}: {describe_one(kind, one)}"
                for (old, new), one in cases.items()
            ]
            return "; ".join([*told, f"otherwise: {describe_one(kind, otherwise)}"])
        case Local():
            return "no call of its own: it shapes other fields, or how calls are made"
        case By() | Replaces() | Refusal() as one:
            return describe_one(kind, one)
        case unknown:
            assert_never(unknown)


def describe_one(kind: Kind, means: By | Replaces | Refusal) -> str:
    """What one transition means, in the words that plans use too."""
    match means:
        case By(call=call):
            return kind.call(call).summary
        case Replaces(why=why):
            return f"forces replacement: {why}"
        case Refusal(why=why):
            return f"refused: {why}"
        case unknown:
            assert_never(unknown)


def _named(name: str, known: tuple[FieldExplained, ...], within: str, *, also: tuple[str, ...] = ()) -> FieldExplained:
    by_name = {item.path.rpartition(".")[2]: item for item in known}
    if name not in by_name:
        raise problem(f'{within} has no field "{name}"', nearest(name, (*by_name, *also)))
    return by_name[name]


def _field(kind: Kind, field: Field) -> FieldExplained:
    return _explained(kind, field, (field.name,), schema=field.schema, required=field.required)


def _explained(
    kind: Kind, field: Field, path: tuple[str, ...], *, schema: Mapping[str, Any], required: bool
) -> FieldExplained:
    inner = schema.get("items", schema)
    needed = inner.get("required", ())
    whole = len(path) == 1
    own_default = field.absent.value if whole and isinstance(field.absent, Default) else None
    default = schema.get("default", own_default)
    refers_at = tuple(name for name in field.refers_at if name != "*")
    return FieldExplained(
        path=".".join(path),
        doc=field.doc if whole else schema.get("description", ""),
        type=type_of(schema),
        required=required,
        default=default_of(default),
        limits=tuple(limits_of(schema)),
        secret=field.secret or field.secret_items,
        refers=field.refers if path[1:] == refers_at else "",
        means=describe_means(kind, field),
        removal=_removal(field) if whole and not required else "",
        api=field.api,
        items=tuple(
            _explained(kind, field, (*path, name), schema=item, required=name in needed)
            for name, item in inner.get("properties", {}).items()
        ),
    )


def _removal(field: Field) -> str:
    match field.absent:
        case _ if isinstance(field.change, Local):
            return ""
        case Default(value=value):
            return f"goes back to {default_of(value) or 'nothing'}"
        case Platform():
            return "is left as it is: the service has no default to go back to"
        case unknown:
            assert_never(unknown)
