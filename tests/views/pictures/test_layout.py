"""The layered layout: nothing overlaps, arrows lead to the right, and large graphs take little time."""

from __future__ import annotations

from itertools import combinations, pairwise

from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st

from novita_infra.views.pictures.layout import Layout, Spacing, laid_out

SPACING = Spacing(width=100, height=20, across=30, down=10)
NODES = 12


def _free(layout: Layout) -> bool:
    """Whether no two nodes overlap, and all of them are inside of the picture."""
    inside = all(
        0 <= x <= layout.width - SPACING.width and 0 <= y <= layout.height - SPACING.height for x, y in layout.places
    )
    return inside and all(
        abs(one[0] - other[0]) >= SPACING.width or abs(one[1] - other[1]) >= SPACING.height
        for one, other in combinations(layout.places, 2)
    )


def test_a_chain_stands_in_one_row() -> None:
    layout = laid_out(3, [(0, 1), (1, 2)], SPACING)
    paths = (((100.0, 10.0), (130.0, 10.0)), ((230.0, 10.0), (260.0, 10.0)))
    assert layout == Layout(((0.0, 0.0), (130.0, 0.0), (260.0, 0.0)), paths, 360.0, 20.0)


def test_an_arrow_over_a_column_passes_beside_its_nodes() -> None:
    layout = laid_out(3, [(0, 1), (1, 2), (0, 2)], SPACING)
    (_, top), passing = layout.places[1], layout.paths[2]
    assert len(passing) == 4
    assert all(not top <= y <= top + SPACING.height for _, y in passing[1:3])


def test_arrows_to_one_target_cross_a_column_at_one_place() -> None:
    layout = laid_out(5, [(0, 2), (1, 2), (2, 3), (0, 3), (1, 3), (4, 3)], SPACING)
    assert layout.paths[3][1:3] == layout.paths[4][1:3]


def test_nodes_without_arrows_stand_in_rows_below() -> None:
    layout = laid_out(11, [(9, 10)], SPACING)
    assert _free(layout)
    assert min(y for _, y in layout.places[:9]) > layout.places[9][1]
    assert len({y for _, y in layout.places[:9]}) == 3


def test_a_picture_of_nothing_has_no_size() -> None:
    assert laid_out(0, [], SPACING) == Layout((), (), 0, 0)


@settings(max_examples=draws(1))
@given(st.lists(st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1)), unique=True, max_size=40))
def test_no_two_nodes_overlap_and_arrows_without_a_circle_lead_to_the_right(arrows: list[tuple[int, int]]) -> None:
    any_way = [(source, target) for source, target in arrows if source != target]
    assert _free(laid_out(NODES, any_way, SPACING))
    down = [(source, target) for source, target in any_way if source < target]
    layout = laid_out(NODES, down, SPACING)
    for (source, target), path in zip(down, layout.paths, strict=True):
        assert layout.places[source][0] + SPACING.width <= layout.places[target][0] - SPACING.across
        assert path[0] == (layout.places[source][0] + SPACING.width, layout.places[source][1] + SPACING.height / 2)
        assert path[-1] == (layout.places[target][0], layout.places[target][1] + SPACING.height / 2)
        assert all(x <= to for (x, _), (to, _) in pairwise(path))


def test_a_graph_of_10000_nodes_with_a_long_chain_is_laid_out() -> None:
    arrows = [(node, node + 1) for node in range(400)] + [(node, 400) for node in range(401, 10_000)]
    layout = laid_out(10_000, arrows, SPACING)
    assert len({x for x, _ in layout.places}) == 401
