"""The examples as files: for any YAML reader, any JSON Schema validator, and `novita-infra validate`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner
from quick_yaml import read_all_yaml, read_yaml

from novita_infra.cli import root
from novita_infra.kinds import KINDS
from novita_infra.kinds.kind import Kind

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
FOLDERS = sorted(item for item in EXAMPLES.iterdir() if item.is_dir())
MANIFESTS = sorted(path for folder in FOLDERS for path in folder.glob("*.yaml"))
MODELINE = "# yaml-language-server: $schema=../../schemas/{}.json"
SECRETS = {"REGISTRY_USERNAME": "acme-bot", "REGISTRY_PASSWORD": "correct horse"}
FROM_OUTSIDE = re.compile(r"\$\{env\.(\w+)\}|fromEnv: *(\w+)|fromFile: *(\S+)")
MACHINES = re.compile(
    r"(?:^|[\s'\"=])(?:/(?:home|root|tmp|opt|var|mnt|Users)/|~/|[A-Z]:\\)|localhost|127\.0\.0\.1|10\.\d+\.\d+\."
)


def _name(path: Path) -> str:
    return path.relative_to(EXAMPLES).as_posix()


def _documents(path: Path) -> list[Any]:
    return [item for item in read_all_yaml(path.read_text(encoding="utf-8")) if item is not None]


@pytest.fixture(scope="module")
def published() -> jsonschema.Draft202012Validator:
    """The published schema, read as any other program would."""
    schema = json.loads((ROOT / "schemas" / "manifest.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", MANIFESTS, ids=_name)
def test_every_manifest_validates_with_a_third_party_validator(
    path: Path, published: jsonschema.Draft202012Validator
) -> None:
    documents = _documents(path)
    assert documents
    for document in documents:
        assert [f"{error.json_path}: {error.message}" for error in published.iter_errors(document)] == []


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_example_validates_with_the_command_in_each_of_its_environments(folder: Path) -> None:
    (project,) = _documents(folder / "novita-infra.yaml")
    for name in ["", *project.get("environments", {})]:
        words = ["validate", str(folder), "--json", *(["--env", name] if name else [])]
        ended = CliRunner().invoke(root, words, env=SECRETS)
        assert ended.exit_code == 0, ended.output
        said = json.loads(ended.stdout)
        assert (said["valid"], said["diagnostics"]) == (True, [])


@pytest.mark.parametrize("path", MANIFESTS, ids=_name)
def test_every_manifest_begins_with_the_modeline_of_its_schema(path: Path) -> None:
    schema = "project" if path.name == "novita-infra.yaml" else "manifest"
    assert path.read_text(encoding="utf-8").splitlines()[0] == MODELINE.format(schema)
    assert (path.parent / f"../../schemas/{schema}.json").is_file()


@pytest.mark.parametrize("path", MANIFESTS, ids=_name)
def test_no_example_names_a_path_or_a_host_of_a_machine(path: Path) -> None:
    assert MACHINES.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", MANIFESTS, ids=_name)
def test_nothing_comes_from_outside_but_the_two_names_of_the_registry(path: Path) -> None:
    found = {name for groups in FROM_OUTSIDE.findall(path.read_text(encoding="utf-8")) for name in groups if name}
    assert found <= SECRETS.keys()


def test_there_are_examples_of_whole_setups_and_of_kinds() -> None:
    assert {"quickstart", "training-cluster", "serverless-fleet", "dev-prod", "vpc"} <= {item.name for item in FOLDERS}
    for kind_type, kind in KINDS.items():
        folder = EXAMPLES / kind_type.replace("_", "-")
        kinds = [document["kind"] for path in folder.glob("*.yaml") for document in _documents(path)]
        assert not kinds or kind.name in kinds


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_example_of_a_kind_validates_with_a_third_party_validator_and_with_the_command(
    kind: Kind, published: jsonschema.Draft202012Validator, tmp_path: Path
) -> None:
    document = read_yaml(kind.example)
    assert document["kind"] == kind.name
    assert [error.message for error in published.iter_errors(document)] == []
    (tmp_path / "manifest.yaml").write_text(kind.example, encoding="utf-8")
    ended = CliRunner().invoke(root, ["validate", str(tmp_path)], env=SECRETS)
    assert ended.exit_code == 0, ended.output
