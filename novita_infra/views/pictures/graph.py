"""The picture of a graph as SVG. Colours stand in attributes, and a page may set others by the classes. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from novita_infra.model.addresses import Address
from novita_infra.model.printable import printable
from novita_infra.planning.plan.changes import Action
from novita_infra.views.content.graph import FILLS
from novita_infra.views.content.lines import cut_to
from novita_infra.views.pictures.grouping import DrawnNode, Picture
from novita_infra.views.pictures.layout import Spacing, laid_out

_SPACING: Final = Spacing(width=232, height=42, across=64, down=16)
_MARGIN: Final = 12
_COLUMNS: Final = 30
"""The characters that fit into a node."""
_BEND: Final = 28
"""How far an arrow goes straight before it bends."""
_INK: Final = "#1f2328"
_FAINT: Final = "#57606a"
_LINE: Final = "#8c959f"


def graph_svg(picture: Picture, links: Mapping[Address, str] | None = None) -> str:
    """The picture. With `links`, the ids of elements of the page, a node leads to what the page says of it."""
    layout = laid_out(len(picture.nodes), picture.arrows, _SPACING)
    width, height = layout.width + 2 * _MARGIN, layout.height + 2 * _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="graph" width="{width:g}" height="{height:g}" '
        f'viewBox="{-_MARGIN} {-_MARGIN} {width:g} {height:g}" role="group" aria-label="{_described(picture)}" '
        'font-family="ui-monospace, monospace" font-size="12">'
    ]
    if links is None:
        parts.append(f'<rect x="{-_MARGIN}" y="{-_MARGIN}" width="100%" height="100%" fill="#ffffff"/>')
    parts += [f'<path class="arrow" d="{_curve(path)}" fill="none" stroke="{_LINE}"/>' for path in layout.paths]
    parts += [f'<path class="head" d="{_head(path[-1])}" fill="{_LINE}"/>' for path in layout.paths]
    for node, place in zip(picture.nodes, layout.places, strict=True):
        parts += _node(node, place, links)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _described(picture: Picture) -> str:
    resources, arrows = sum(len(node.members) for node in picture.nodes), len(picture.arrows)
    many = f"{resources:,} resource{'' if resources == 1 else 's'}"
    return f"Graph of {many} and {arrows:,} arrow{'' if arrows == 1 else 's'}"


def _node(node: DrawnNode, place: tuple[float, float], links: Mapping[Address, str] | None) -> Iterator[str]:
    x, y = place
    words = _words(node)
    whole = _text(": ".join(filter(None, (node.names, words))))
    target = links.get(node.members[0]) if links is not None else None
    if target:
        found = f' data-find="{_text(node.label)}"' if len(node.members) > 1 else ""
        yield f'<a href="#{target}" aria-label="{whole}"{found}>'
    else:
        yield "<g>"
    action = _only(node)
    fill = FILLS.get(action, "#ffffff") if action else "#ffffff"
    yield f"<title>{whole}</title>"
    yield (
        f'<rect class="node {_class(action)}" x="{x:g}" y="{y:g}" width="{_SPACING.width}" height="{_SPACING.height}" '
        f'rx="6" fill="{fill}" stroke="{_LINE}"/>'
    )
    if action is None:
        yield from _shares(node, x, y)
    many = f" ×{len(node.members):,}" if len(node.members) > 1 else ""
    label = _text(cut_to(node.label, _COLUMNS - len(many)) + many)
    middle = y + _SPACING.height / 2 + 4
    if words:
        yield f'<text class="label" x="{x + 10:g}" y="{middle - 8:g}" fill="{_INK}">{label}</text>'
        short = _text(cut_to(words, _COLUMNS + 3))
        yield f'<text class="words" x="{x + 10:g}" y="{middle + 8:g}" fill="{_FAINT}" font-size="11">{short}</text>'
    else:
        yield f'<text class="label" x="{x + 10:g}" y="{middle:g}" fill="{_INK}">{label}</text>'
    yield "</a>" if target else "</g>"


def _shares(node: DrawnNode, x: float, y: float) -> Iterator[str]:
    """A strip at the foot of a node whose members have several actions: how many have each."""
    left, room = x + 6, _SPACING.width - 12
    for action, count in node.actions.items():
        width = room * count / len(node.members)
        fill = FILLS.get(action, "#eaeef2")
        top = y + _SPACING.height - 5
        corner = f'x="{left:.1f}" y="{top:g}"'
        yield f'<rect class="share {_class(action)}" {corner} width="{width:.1f}" height="4" fill="{fill}"/>'
        left += width


def _only(node: DrawnNode) -> Action | None:
    """The action of all members; None where they have several."""
    actions = [*node.actions]
    return actions[0] if len(actions) == 1 else None


def _words(node: DrawnNode) -> str:
    """`create`, or `980 create, 20 unchanged`; empty where nothing is said about a resource."""
    if _only(node) is Action.NONE:
        return ""
    if len(node.members) == 1:
        return next(iter(node.actions)).value
    return ", ".join(
        f"{count:,} {'unchanged' if action is Action.NONE else action.value}" for action, count in node.actions.items()
    )


def _class(action: Action | None) -> str:
    return action.name.lower() if action else "several"


def _curve(path: Sequence[tuple[float, float]]) -> str:
    (x, y), *rest = path
    parts = [f"M{x:g} {y:g}"]
    for to_x, to_y in rest:
        if to_y == y:
            parts.append(f"H{to_x:g}")
        else:
            bend = max(_BEND, abs(to_x - x) / 2)
            parts.append(f"C{x + bend:g} {y:g} {to_x - bend:g} {to_y:g} {to_x:g} {to_y:g}")
        x, y = to_x, to_y
    return "".join(parts)


def _head(end: tuple[float, float]) -> str:
    x, y = end
    return f"M{x:g} {y:g}l-7 -4v8z"


def _text(text: str) -> str:
    return escape(printable(text))
