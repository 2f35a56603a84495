"""A layered layout: each node stands to the left of what it points to, and few arrows cross. Pure.

The work is linear in the nodes, the arrows and the columns that these cross, but for the sorting of each column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

_SWEEPS: Final = 4
"""How often the columns are put in order by their neighbours, to and fro."""


class Spacing(NamedTuple):
    """The measures of a layout, in units of the picture."""

    width: int
    """Of a node."""
    height: int
    """Of a node."""
    across: int
    """Between two columns."""
    down: int
    """Between two nodes of a column."""


class Layout(NamedTuple):
    """Where the nodes and arrows are."""

    places: tuple[tuple[float, float], ...]
    """The left upper corner of each node."""
    paths: tuple[tuple[tuple[float, float], ...], ...]
    """For each arrow the points that it passes, from the right side of a node to the left side of another one."""
    width: float
    height: float


class _Columns(NamedTuple):
    """The nodes by column, with a stand-in wherever an arrow crosses a column. Numbers from `count` are stand-ins."""

    items: list[list[int]]
    chains: list[list[int]]
    """For each arrow its source, its stand-ins and its target."""


def laid_out(count: int, arrows: Sequence[tuple[int, int]], spacing: Spacing) -> Layout:
    """The layout of nodes 0 to count - 1. Arrows may form circles; those between a node and itself are left out."""
    linked = sorted({end for arrow in arrows for end in arrow})
    columns = _columns(count, linked, arrows)
    heights = _placed_down(count, columns, spacing)
    step = spacing.width + spacing.across
    across = {item: number * step for number, column in enumerate(columns.items) for item in column}
    bottom = max((height + (spacing.height if item < count else 0) for item, height in heights.items()), default=0.0)
    corners = {item: (float(across[item]), heights[item]) for item in linked}
    alone = [item for item in range(count) if item not in corners]
    per_row = max(len(columns.items), 4)
    for number, item in enumerate(alone):  # what needs nothing and is not needed stands below, in rows
        row, column = divmod(number, per_row)
        top = (bottom + 2 * spacing.down if linked else 0.0) + row * (spacing.height + spacing.down)
        corners[item] = (float(column * step), top)
    places = tuple(corners[item] for item in range(count))
    return Layout(
        places,
        tuple(tuple(_path(chain, count, across, heights, spacing)) for chain in columns.chains),
        max((x + spacing.width for x, _ in places), default=0),
        max(bottom, *(y + spacing.height for _, y in places)) if places else bottom,
    )


def _path(
    chain: Sequence[int], count: int, across: dict[int, int], heights: dict[int, float], spacing: Spacing
) -> Iterator[tuple[float, float]]:
    """The points of an arrow: both sides of a column that it crosses, at one height."""
    for number, item in enumerate(chain):
        middle = heights[item] + (spacing.height / 2 if item < count else 0)
        if number:
            yield float(across[item]), middle
        if number < len(chain) - 1:
            yield float(across[item] + spacing.width), middle


def _columns(count: int, linked: Sequence[int], arrows: Iterable[tuple[int, int]]) -> _Columns:
    depths = _depths(count, arrows)
    last = max((depths[item] for item in linked), default=-1)
    columns: list[list[int]] = [[] for _ in range(last + 1)]
    for item in linked:
        columns[last - depths[item]].append(item)
    chains, stand_ins = [], dict[tuple[int, int], int]()
    for source, target in arrows:
        chain = [source]
        for depth in range(depths[source] - 1, depths[target], -1):
            if (target, depth) not in stand_ins:  # all arrows to one target cross a column at one place
                stand_ins[target, depth] = count + len(stand_ins)
                columns[last - depth].append(stand_ins[target, depth])
            chain.append(stand_ins[target, depth])
        chains.append([*chain, target])
    _ordered(columns, chains)
    return _Columns(columns, chains)


def _depths(count: int, arrows: Iterable[tuple[int, int]]) -> list[int]:
    """For each node the longest way over arrows to a node without one; an arrow that closes a circle has no part."""
    sources: list[list[int]] = [[] for _ in range(count)]
    waits = [0] * count
    for source, target in arrows:
        sources[target].append(source)
        waits[source] += 1
    depths, done = [0] * count, [False] * count
    ready = [item for item in range(count) if not waits[item]]
    for first in range(count):
        if not ready and not done[first]:
            ready.append(first)  # every node that is left waits for a circle: one of them goes first
        while ready:
            item = ready.pop()
            done[item] = True
            for source in sources[item]:
                if done[source]:
                    continue
                depths[source] = max(depths[source], depths[item] + 1)
                waits[source] -= 1
                if not waits[source]:
                    ready.append(source)
    return depths


def _ordered(columns: list[list[int]], chains: Iterable[Sequence[int]]) -> None:
    """Sorts each column by the mean place of the neighbours in the column before it, to and fro."""
    left, right = _neighbours(chains)
    for sweep in range(_SWEEPS):
        neighbours = right if sweep % 2 == 0 else left
        places: dict[int, int] = {}
        for column in reversed(columns) if sweep % 2 == 0 else columns:
            means = {item: _mean([places[other] for other in neighbours.get(item, ()) if other in places], at)
                     for at, item in enumerate(column)}  # fmt: skip
            column.sort(key=means.__getitem__)
            places.update((item, at) for at, item in enumerate(column))


def _neighbours(chains: Iterable[Sequence[int]]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    left: dict[int, list[int]] = {}
    right: dict[int, list[int]] = {}
    for chain in chains:
        for one, other in pairwise(chain):
            right.setdefault(one, []).append(other)
            left.setdefault(other, []).append(one)
    return left, right


def _placed_down(count: int, columns: _Columns, spacing: Spacing) -> dict[int, float]:
    """The upper side of each node, and the height of each stand-in: as near to their neighbours as there is room."""
    left, right = _neighbours(columns.chains)

    def size(item: int) -> float:
        return spacing.height if item < count else 0.0

    heights: dict[int, float] = {}
    for sweep in range(_SWEEPS):
        neighbours = (left, right)[sweep % 2]
        for column in columns.items if sweep % 2 == 0 else reversed(columns.items):
            offsets, offset = [], 0.0
            for item in column:
                offsets.append(offset)
                offset += size(item) + spacing.down
            wishes = []
            for item, at in zip(column, offsets, strict=True):
                near = [heights[other] + size(other) / 2 for other in neighbours.get(item, ()) if other in heights]
                wishes.append(_mean(near, heights.get(item, at) + size(item) / 2) - size(item) / 2 - at)
            for item, at, shift in zip(column, offsets, _rising(wishes), strict=True):
                heights[item] = at + shift
    top = min(heights.values(), default=0.0)
    return {item: round(height - top, 1) for item, height in heights.items()}


def _rising(wishes: Sequence[float]) -> Iterator[float]:
    """The numbers nearest to the wishes, by the sum of squares, of which none is less than the one before it."""
    blocks: list[tuple[float, int]] = []
    for wish in wishes:
        total, size = wish, 1
        while blocks and blocks[-1][0] / blocks[-1][1] > total / size:
            before, many = blocks.pop()
            total, size = total + before, size + many
        blocks.append((total, size))
    for total, size in blocks:
        for _ in range(size):
            yield total / size


def _mean(numbers: Sequence[float], otherwise: float) -> float:
    return sum(numbers) / len(numbers) if numbers else otherwise
