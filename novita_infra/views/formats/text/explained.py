"""Kinds, fields and parts of manifests as text: accepted values and the cost of a change."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from novita_infra.schema.explain_frame import FRAME, PartExplained
from novita_infra.schema.explain_kinds import FieldExplained, KindExplained
from novita_infra.views.content.explanation import expressions, field_facts, part_facts, replacement_texts
from novita_infra.views.content.lines import Line, Tone, line

_WIDTH = 100


def kinds_lines(kinds: Iterable[KindExplained]) -> Iterator[Line]:
    """Every kind with its summary."""
    kinds = tuple(kinds)
    width = max((len(kind.name) for kind in kinds), default=0)
    for kind in kinds:
        yield line((f"{kind.name:<{width}}", Tone.STRONG), f"  {kind.summary}")
    yield line()
    yield line("One kind: novita-infra explain Instance; one field: novita-infra explain Instance.image")
    yield line(f"Besides spec: {', '.join(FRAME)}; one of them: novita-infra explain lifecycle")
    yield line("The project file novita-infra.yaml: novita-infra explain Project")


def explanation_lines(part: KindExplained | FieldExplained | PartExplained, *, kind: str) -> Iterator[Line]:
    """The explanation of a kind, of a field of `kind`, or of a part of a manifest."""
    match part:
        case KindExplained():
            return _kind_lines(part)
        case FieldExplained():
            return _field_lines(kind, part)
        case PartExplained():
            return _part_lines(part)
        case unknown:
            assert_never(unknown)


def _kind_lines(kind: KindExplained) -> Iterator[Line]:
    """A kind, its fields with a line each, and an example."""
    yield line((kind.name, Tone.STRONG), f"   address: {kind.type}.NAME")
    yield from _wrapped(kind.summary, indent=2)
    yield line()
    yield line(("Fields of spec", Tone.STRONG), "   (* required)")
    width = max((len(item.path) for item in kind.fields), default=0)
    for item in kind.fields:
        star = "*" if item.required else " "
        yield line(f"  {star} ", (f"{item.path:<{width}}", Tone.NEUTRAL), f"  {item.type}")
        yield from _wrapped(item.doc, indent=width + 6)
    yield line()
    yield line(("Besides spec", Tone.STRONG), f": {', '.join(kind.besides)}")
    yield line(f"    one of them: novita-infra explain {kind.name}.{kind.besides[-1]}")
    yield line()
    yield line(("Expressions", Tone.STRONG))
    used = expressions(kind)
    width = max(map(len, used), default=0)
    for text, about in used.items():
        yield line("    ", (f"{text:<{width}}", Tone.NEUTRAL), f"  {about}")
    yield line()
    yield line(("Deleting and replacing", Tone.STRONG))
    for text in replacement_texts(kind):
        yield from _wrapped(text, indent=4)
    yield from _example(kind.example)


def _field_lines(kind: str, item: FieldExplained) -> Iterator[Line]:
    """A field: what it takes, what changing it costs, and the fields inside it."""
    yield line((f"{kind}.{item.path}", Tone.STRONG))
    yield from _wrapped(item.doc, indent=2)
    yield line()
    for name, text in field_facts(item):
        yield from _fact(name, text)
    yield from _inside(item.items)


def _part_lines(part: PartExplained) -> Iterator[Line]:
    """A field of the project file or of a resource's frame: what it takes, and the fields inside it."""
    yield line((part.title, Tone.STRONG))
    yield from _wrapped(part.doc, indent=2)
    if part.path:
        yield line()
        for name, text in part_facts(part):
            yield from _fact(name, text)
    yield from _inside(tuple(part.listed()))
    yield from _example(part.example)


def _example(example: str) -> Iterator[Line]:
    if example:
        yield line()
        yield line(("Example", Tone.STRONG))
    for text in example.rstrip().split("\n"):
        yield line(f"    {text}" if text else "")


def _inside(items: Sequence[FieldExplained | PartExplained]) -> Iterator[Line]:
    if items:
        yield line()
        yield line(("Inside it", Tone.STRONG), "   (* required)")
    for item in items:
        default = f", default {item.default}" if item.default else ""
        yield line(f"  {'*' if item.required else ' '} ", (item.path, Tone.NEUTRAL), f"  {item.type}{default}")
        yield from _wrapped(item.doc, indent=6)


def _fact(name: str, text: str) -> Iterator[Line]:
    first, *rest = textwrap.wrap(text, _WIDTH - 14, break_on_hyphens=False) or [""]
    if not first:
        return
    yield line((f"  {name + ':':<12}", Tone.FAINT), first)
    for more in rest:
        yield line(f"{' ' * 14}{more}")


def _wrapped(text: str, *, indent: int) -> Iterator[Line]:
    for part in textwrap.wrap(text, _WIDTH - indent, break_on_hyphens=False):
        yield line(f"{' ' * indent}{part}")
