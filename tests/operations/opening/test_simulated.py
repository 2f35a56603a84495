"""The simulator's account in a file of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from novita_infra.model.diagnostics import Problems
from novita_infra.operations.opening.simulated import sim_db, simulated


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_reported_with_its_use(tmp_path: Path) -> None:
    sim_db(tmp_path).parent.mkdir(mode=0o500)
    with pytest.raises(Problems) as caught, simulated(tmp_path):
        pass
    assert str(caught.value) == (
        f"{sim_db(tmp_path)}: permission denied; --sim keeps its account there, even for a plan; give write "
        "permission, or copy the project"
    )
