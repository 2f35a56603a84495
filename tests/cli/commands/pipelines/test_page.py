"""The page about pipelines is followed in a new repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from git_server import git
from transcripts import Reader, hold

pytestmark = [pytest.mark.docs, pytest.mark.process]

PAGE = Path(__file__).parents[4] / "docs" / "pipelines.md"


def test_a_pipeline_is_set_up_as_the_page_says(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    hold(PAGE, Reader(tmp_path))
