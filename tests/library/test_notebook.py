"""The notebook of the docs runs, and shows what is stored in it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from notebooks import executed, text_of_notebook

NOTEBOOK = Path(__file__).parents[2] / "docs" / "library.ipynb"


@pytest.mark.docs
def test_the_notebook_shows_what_its_cells_give(tmp_path: Path) -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    made = text_of_notebook(executed(json.loads(text), tmp_path))
    assert made == text, "to renew it: python tests/support/notebooks.py docs/library.ipynb"
