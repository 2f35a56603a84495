"""`init`: the starter project validates whatever the folder is called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]


@pytest.mark.parametrize("folder", ["fleet", "null", "true", "False", "yes", "1e3", "08", "a: b", "\u2028"])
def test_the_starter_project_validates_in_a_folder_of_any_name(folder: str, run: Invoke, tmp_path: Path) -> None:
    path = tmp_path / "new" / folder
    assert run("init", str(path)).exit_code == 0
    ended = run("validate", str(path))
    assert (ended.exit_code, ended.stderr) == (0, "")
