"""Inputs that broke a reader once, with damage, and documents of any values. `make fuzz` searches for more."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from driving import INPUTS, Copy, applied_project, drive, kept_inputs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readers import READERS, Reader
from trees import trees

from novita_infra.kinds import KINDS
from novita_infra.schema.modules.use import MODULE_SPEC
from novita_infra.schema.resources import schemas

pytestmark = pytest.mark.fuzz

BY_NAME = {reader.name: reader for reader in READERS}
EXPRESSIONS = (
    *("${var.size}", "${var.note}", "${env.NOTE}", "${vpc.net.id}", "${module.nets[*].id}", "$${x}", "${", "a ${1} b"),
    *('${file("password.txt")}', '${file("../x")}', "${range(3)}", "${each.key}", "${local.a}", "${{a: 1}}", "${null}"),
)
LEAVES = (
    st.sampled_from([None, True, 0, -1, 3, 2.5, "", "a", "net", "22/tcp", "5m", 10**30, "\u2028", "no", "*"])
    | st.sampled_from(EXPRESSIONS)
    | st.text(max_size=8)
)
WORDS = sorted(
    {"${var.note}", "a", "", "$patch", "<<"}
    | {name for schema in schemas().values() for name in schema.get("properties", {})}
    | {name for kind in KINDS.values() for name in kind.by_name}
    | {*MODULE_SPEC["properties"]}
    | {"fromEnv", "fromFile", "fromDotenv", "name", "labels", "id", "type", "default", "ignoreChanges", "onDrift"}
)
TREES = trees(LEAVES, st.sampled_from(WORDS))
DOCUMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "apiVersion": st.just("novita-infra/v1"),
            "kind": st.sampled_from([kind.name for kind in KINDS.values()] + ["Module", "Project"]),
            "metadata": st.fixed_dictionaries({"name": st.sampled_from(["a", "b", "net"])}) | TREES,
        },
        optional={
            **dict.fromkeys(("forEach", "enabled", "environments", "lifecycle"), TREES),
            "spec": st.fixed_dictionaries({}, optional=dict.fromkeys(MODULE_SPEC["properties"], TREES)) | TREES,
        },
    ),
    max_size=3,
)
PROJECTS = st.fixed_dictionaries(
    {"apiVersion": st.just("novita-infra/v1"), "kind": st.just("Project"), "metadata": st.just({"name": "small"})},
    optional=dict.fromkeys(
        sorted(schemas()["project.json"]["properties"].keys() - {"apiVersion", "kind", "metadata"}), TREES
    ),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An applied project."""
    with applied_project(tmp_path_factory) as folder:
        yield folder


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.name)
def test_each_kept_input_and_its_damage_end_in_a_message(reader: Reader, project: Path, tmp_path: Path) -> None:
    copy = Copy(reader, project, tmp_path / "copy")
    kept = kept_inputs(reader)
    for data in kept:
        copy.read(data)
    drive(copy, Random(reader.name), kept)


def test_every_file_of_inputs_is_that_of_a_reader() -> None:
    assert {path.stem for path in INPUTS.glob("*.txt")} <= {reader.file_name for reader in READERS}


@pytest.mark.parametrize(("name", "documents"), [("manifest", DOCUMENTS), ("project", PROJECTS.map(lambda one: [one]))])
def test_documents_of_any_values_end_in_a_message(
    name: str, documents: st.SearchStrategy[list[Any]], project: Path, tmp_path: Path
) -> None:
    copy = Copy(BY_NAME[name], project, tmp_path / "copy")

    @settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(documents)
    def check(made: list[Any]) -> None:
        copy.read("\n---\n".join(map(json.dumps, made)).encode())

    check()
