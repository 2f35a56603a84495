"""The place of a state is found without the manifests, and an error in it is reported with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from novita_infra.manifests.project.locating import locate
from novita_infra.model.diagnostics import Problems
from novita_infra.state.settings import StateSettings

HEAD = "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: p}\n"


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            "{path: s3://bucket/state}",
            'novita-infra.yaml:4:15: state.path is a folder of this machine, not the URL "s3://bucket/state"',
        ),
        ("{backend: lokal}", 'novita-infra.yaml:4:18: state.backend cannot be "lokal"; did you mean "local"?'),
        ("{path: '${var.folder}'}", 'novita-infra.yaml:4:22: there is no variable "folder"; declare it'),
    ],
)
def test_an_error_in_the_place_of_the_state_is_reported_with_its_position(
    tmp_path: Path, state: str, message: str
) -> None:
    (tmp_path / "novita-infra.yaml").write_text(f"{HEAD}state: {state}\n")
    with pytest.raises(Problems) as caught:
        locate(tmp_path)
    assert str(caught.value).startswith(message)


def test_errors_elsewhere_do_not_hide_the_state(tmp_path: Path) -> None:
    (tmp_path / "novita-infra.yaml").write_text(f"{HEAD}state: {{path: kept, pth: x}}\nbudgets: 5\n")
    (tmp_path / "fleet.yaml").write_text("{")
    assert locate(tmp_path).state == StateSettings(tmp_path, {"path": "kept", "pth": "x"})
