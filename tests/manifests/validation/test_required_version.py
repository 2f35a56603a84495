"""A project that requires a version of the tool is refused by the others, with what to install."""

from __future__ import annotations

from pathlib import Path

import pytest
from manifest_files import INSTANCE, loaded, manifest, project_file

from novita_infra.manifests.project.locating import locate
from novita_infra.manifests.validation.required_version import unmet_version
from novita_infra.model.addresses import Origin
from novita_infra.model.diagnostics import Problems

PLACE = Origin("novita-infra.yaml", 4, 11)


@pytest.mark.parametrize(
    ("required", "version", "met"),
    [
        (">=0.4,<1", "0.4.0", True),
        (">=0.4,<1", "0.3.9", False),
        (">=0.4,<1", "1.0", False),
        (">= 0.4.1 , != 0.4.3", "0.4.3", False),
        ("==0.4", "0.4.0", True),
        ("==0.4", "0.4.1", False),
        (">0.4", "0.4.0", False),
        ("<=0.10", "0.9.9", True),
        (">=0.4", "0.4.0.dev1", True),
        ("0.4", "0.1.0", True),  # the schema reports it
    ],
)
def test_a_required_version_is_compared_number_by_number(required: str, version: str, met: bool) -> None:
    assert (unmet_version(required, PLACE, version=version) is None) is met


def test_a_project_that_requires_another_version_is_refused_by_every_command(tmp_path: Path) -> None:
    files = {
        "novita-infra.yaml": project_file("requires: '>=97.1, <98'\nunheard: of\n"),
        "a.yaml": manifest("Instance", "a", INSTANCE),
    }
    with pytest.raises(Problems) as raised:
        loaded(tmp_path, files)
    assert str(raised.value) == (
        "novita-infra.yaml:4:11: this project requires novita-infra >=97.1,<98, and this is 0.2.0; "
        "pip install 'novita-infra>=97.1,<98'"
    )
    with pytest.raises(Problems, match=r"requires novita-infra >=97\.1,<98"):
        locate(tmp_path)


def test_a_project_that_requires_this_version_is_loaded(tmp_path: Path) -> None:
    files = {
        "novita-infra.yaml": project_file("requires: '>=0.1'\n"),
        "a.yaml": manifest("Instance", "a", INSTANCE),
    }
    assert loaded(tmp_path, files).declared


def test_another_form_is_an_error_of_the_schema(tmp_path: Path) -> None:
    files = {"novita-infra.yaml": project_file("requires: '~0.4'\n"), "a.yaml": manifest("Instance", "a", INSTANCE)}
    with pytest.raises(Problems, match=r"novita-infra\.yaml:4:11: "):
        loaded(tmp_path, files)
