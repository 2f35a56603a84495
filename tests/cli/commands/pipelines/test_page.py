"""The page about pipelines is followed in a new repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from git_server import git
from transcripts import Reader

pytestmark = [pytest.mark.docs, pytest.mark.process]

PAGE = Path(__file__).parents[4] / "docs" / "pipelines.md"


def test_a_pipeline_is_set_up_as_the_page_says(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    text = PAGE.read_text(encoding="utf-8")
    now = Reader(tmp_path).follow(text)
    if os.environ.get("RENEW"):
        PAGE.write_text(now, encoding="utf-8")
    assert now == text, f"to renew it: RENEW=1 python -m pytest {__file__}"
