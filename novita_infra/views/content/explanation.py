"""Kinds, fields and parts of manifests, as results of `explain`, and their facts. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from novita_infra.schema.explain_frame import PartExplained
    from novita_infra.schema.explain_kinds import FieldExplained, KindExplained


class KindsContent(NamedTuple):
    """The kinds of resources."""

    kinds: tuple[KindExplained, ...]


class ExplanationContent(NamedTuple):
    """What a kind, a field or a part of a manifest takes."""

    part: KindExplained | FieldExplained | PartExplained
    kind: str = ""
    """The name of the kind of a field."""


def field_facts(item: FieldExplained) -> Iterator[tuple[str, str]]:
    """The facts of a field, each with its title; the text is empty where one does not apply."""
    from novita_infra.schema.secret_pointers import SECRET_POINTERS  # noqa: PLC0415 -- only `explain` needs it

    yield "type", item.type
    yield "required", "yes" if item.required else "no"
    yield "default", item.default
    yield "limits", "; ".join(item.limits)
    yield "change", item.means
    yield "left out", item.removal
    yield "refers to", f"{item.refers}, by name or {{id: ...}}" if item.refers else ""
    yield "secret", f"takes {', '.join(SECRET_POINTERS)}; never shown, never stored in clear" if item.secret else ""
    yield "api", item.api


def part_facts(part: PartExplained) -> Iterator[tuple[str, str]]:
    """The facts of a part of a manifest, each with its title; the text is empty where one does not apply."""
    yield "type", part.type
    yield "required", "yes" if part.required else "no"
    yield "default", part.default
    yield "limits", "; ".join(part.limits)
    yield "examples", "; ".join(part.examples)


def expressions(kind: KindExplained) -> dict[str, str]:
    """The expressions that read an object of the kind, each with its meaning."""
    return {f"${{{kind.type}.NAME.{name}}}": about for name, about in kind.outputs.items()}


def replacement_texts(kind: KindExplained) -> tuple[str, ...]:
    """What deleting and replacing do, the place of the owner mark, and the time limits."""
    times = ", ".join(f"{name} {limit}" for name, limit in kind.timeouts.items())
    limits = f"time limits (lifecycle.timeouts changes them): {times}"
    mark = kind.mark_place.replace("`", "") or "none"
    return kind.deletion, f"replacing: {kind.replacement}", f"owner mark: {mark}", limits
