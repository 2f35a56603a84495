"""Explanations of kinds and fields as plain values: type, limits, what a change costs, source in the API.

`explain`, the reference pages and the schemas share this wording. Nothing here prints.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from novita_infra.kinds.field import By, Cases, Default, Field, Grows, Local, Platform, Refusal, Replaces
from novita_infra.kinds.kind import Kind
from novita_infra.model.diagnostics import nearest, problem
from novita_infra.model.frozen import dataclass
from novita_infra.schema.frame import beside_spec, waits
from novita_infra.schema.wording import default_of, limits_of, shown_value, type_of


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
    """As a manifest would have it; empty where the service chooses."""
    limits: tuple[str, ...]
    secret: bool
    """Whether it takes a pointer to a secret, such as `{fromEnv: NAME}`."""
    refers: str
    """The type of the resource that it points at, or empty."""
    means: str
    """What a change costs."""
    removal: str
    """The effect of removing it from the manifest; empty for a required field, and inside a field."""
    api: str
    """The API's field behind it, and the page that says so."""
    items: tuple[FieldExplained, ...] = ()
    """The fields inside an object, or inside the objects of a list."""


@dataclass(frozen=True, slots=True)
class KindExplained:
    """A kind and all its fields."""

    name: str
    type: str
    summary: str
    fields: tuple[FieldExplained, ...]
    outputs: Mapping[str, str]
    """The attributes that expressions may use, `id` included."""
    timeouts: Mapping[str, str]
    """`create`, `update`, `delete`, as a manifest spells durations."""
    deletion: str
    """What a deletion costs."""
    replacement: str
    """The order of a replacement."""
    mark_place: str
    """Where an object carries its owner mark; empty where it has none."""
    besides: tuple[str, ...]
    """The parts of its manifest beside the spec: `metadata`, `lifecycle`, `check`, ..."""
    example: str


def explain_path(kind: Kind, path: str = "") -> KindExplained | FieldExplained:
    """The explanation of the kind, or of a `path` in its spec: `workers`, `workers.min`, `networkStorages.mountPath`.

    Raises Problems, with the nearest known name, for an unknown path.
    """
    return explain_field(kind, path) if path else explain_kind(kind)


def explain_kind(kind: Kind) -> KindExplained:
    """The explanation of the kind with all its fields."""
    return KindExplained(
        name=kind.name,
        type=kind.type,
        summary=kind.summary,
        fields=tuple(_field(kind, item) for item in kind.fields),
        outputs={"id": "the service's id", **kind.outputs},
        timeouts=waits(kind),
        deletion=kind.api.delete.summary.partition(": ")[2],
        replacement="the new object is created before the old one is deleted"
        if kind.api.create_first
        else "the old object is deleted before the new one is created, unless a resource that remains still uses it",
        mark_place=kind.api.mark_place,
        besides=beside_spec(kind),
        example=kind.example,
    )


def explain_field(kind: Kind, path: str) -> FieldExplained:
    """The explanation of a `path` in the kind's spec. Raises Problems, with the nearest known name."""
    first, *rest = path.split(".")
    found = _named(
        first, tuple(_field(kind, item) for item in kind.fields), kind.name, also=("spec", *beside_spec(kind))
    )
    for name in rest:
        found = _named(name, found.items, f"{kind.name}.{found.path}")
    return found


def describe_means(kind: Kind, field: Field) -> str:
    """What a change of the field costs: `update: the workers are renewed`, `forces replacement: ...`."""
    match field.change:
        case Grows(call=call, shrinking=shrinking):
            return f"growing: {describe_one(kind, By(call))}; shrinking: {describe_one(kind, shrinking)}"
        case Cases(cases=cases, otherwise=otherwise):
            texts = [
                f"{shown_value(old)} to {shown_value(new)}: {describe_one(kind, one)}"
                for (old, new), one in cases.items()
            ]
            return "; ".join([*texts, f"otherwise: {describe_one(kind, otherwise)}"])
        case Local():
            return "no call of its own: it shapes other fields, or how calls are made"
        case By() | Replaces() | Refusal() as one:
            return describe_one(kind, one)
        case unknown:
            assert_never(unknown)


def describe_one(kind: Kind, means: By | Replaces | Refusal) -> str:
    """What one transition costs, in the words of plans."""
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
        case Platform() if field.name == "name":
            return "returns to the name in metadata"
        case Default(value=value):
            return f"returns to {default_of(value) or 'nothing'}"
        case Platform():
            return "remains as it is: the service has no default to return to"
        case unknown:
            assert_never(unknown)
