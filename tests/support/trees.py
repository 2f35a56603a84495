"""Strategies of nested lists and dicts."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st


def trees(
    leaves: st.SearchStrategy[Any], keys: st.SearchStrategy[str], *, depth: int = 3, size: int = 3
) -> st.SearchStrategy[Any]:
    """A leaf, or lists and dicts of up to that depth and size. `st.recursive` costs more to draw."""
    tree = leaves
    for _ in range(depth):
        tree = leaves | st.lists(tree, max_size=size) | st.dictionaries(keys, tree, max_size=size)
    return tree
