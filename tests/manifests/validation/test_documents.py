"""Validating: the good path is cheap, and a refusal is always explained."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest
from manifest_files import INSTANCE, manifest, refused, write

from novita_infra.lookups.registry import LOOKUPS
from novita_infra.manifests.validation.documents import _Schema
from novita_infra.manifests.yaml.parsing import read_text
from novita_infra.manifests.yaml.source_text import Sources


@pytest.mark.process
def test_a_good_project_is_loaded_without_the_slow_validator(tmp_path: Path) -> None:
    write(tmp_path, {"a.yaml": manifest("Instance", "trainer", INSTANCE)})
    code = (
        "import sys; from pathlib import Path; from novita_infra.manifests.project.loading import load; "
        "load(Path(sys.argv[1]), environ={}); print('jsonschema' in sys.modules, 'httpx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_what_only_one_validator_refuses_is_reported_in_its_words() -> None:
    schema = _Schema(dict, jsonschema_rs.Draft202012Validator({"properties": {"a": {"type": "string"}}}), {})
    document = read_text("a: 5\n", "a.yaml").documents[0]
    (shown,) = schema.faults(document, document.data, Sources(), hidden=lambda _: False)
    assert str(shown) == 'a.yaml:1:4: a is not allowed; 5 is not of type "string"'
    (hidden,) = schema.faults(document, document.data, Sources(), hidden=lambda _: True)
    assert str(hidden) == "a.yaml:1:4: a is not allowed"


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("lookup: {home: {}}", 'unknown field "lookup"; did you mean "lookups"?'),
        ("state: {backend: lokal}", 'state.backend cannot be "lokal"; did you mean "local"?'),
        ("state: {bucket: x}", 'unknown field "bucket" in state; did you mean "backend"?'),
        ("lookups: {home: {}}", "lookups.home has none of {types}; give it one"),
    ],
)
def test_a_part_of_the_project_file_is_explained_by_the_whole_schema(tmp_path: Path, part: str, message: str) -> None:
    head = "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: shop}\n"
    errors = refused(tmp_path, {"novita-infra.yaml": head + part, "a.yaml": manifest("Instance", "a", INSTANCE)})
    assert [error.partition(": ")[2] for error in map(str, errors)] == [message.format(types=", ".join(LOOKUPS))]


def test_a_mistake_in_a_thousand_documents_is_reported_for_each(tmp_path: Path) -> None:
    fleet = "".join(manifest("Instance", f"i{n}", INSTANCE + "  gpuCount: 9\n") for n in range(200))
    assert len(refused(tmp_path, {"a.yaml": fleet})) == 200
