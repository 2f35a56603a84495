"""A value that comes from a variable, the environment, a file or the API is never evaluated, whatever it contains."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from foreign_objects import make_foreign
from guarding import PAYLOAD, guarded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from manifest_files import manifest, project_file, write
from quick_yaml import yaml_of
from rig import Rig

from novita_infra.manifests.project.loading import load
from novita_infra.model.values import Secret

EXPRESSIONS: Final = (PAYLOAD, "${1 + 1}", "$${x}", "${var.given}", "${", "}${env.A}", "${null}", "${{}}")
AROUND: Final = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=6)
VALUES: Final = st.tuples(AROUND, st.sampled_from(EXPRESSIONS), AROUND).map("".join)
"""Texts that would give something else if they were evaluated, or an error."""
PROJECT: Final = project_file(
    "variables: {given: {type: string, default: ''}}\n"
    'outputs: {given: "${var.given}", env: "${env.A}", file: "${file(\\"a.txt\\")}", inside: "x ${var.given}"}\n'
)
HUB: Final = manifest("RegistryAuth", "hub", "  username: me\n  password: {fromEnv: A}\n")

Give = Callable[[Path, str], dict[str, Any]]
"""Gives the value by one way: what `load` takes. It may write files."""


def by_file(name: str, text: Callable[[str], str]) -> Give:
    """The value in a file of variables."""

    def give(folder: Path, value: str) -> dict[str, Any]:
        (folder / name).write_text(text(value), encoding="utf-8")
        return {"var_files": [folder / name]}

    return give


def in_a_file(folder: Path, value: str) -> dict[str, Any]:
    (folder / "a.txt").write_text(value, encoding="utf-8")
    return {}


WAYS: Final[dict[str, tuple[str, Give]]] = {
    "--var": ("given", lambda _, value: {"variables": {"given": value}}),
    "a variable of the environment": (
        "given",
        lambda _, value: {"environ": {"A": "a", "NOVITA_INFRA_VAR_given": value}},
    ),
    "YAML": ("given", by_file("x.vars.yaml", lambda value: yaml_of({"given": value}))),
    "JSON": ("given", by_file("x.vars.json", lambda value: json.dumps({"given": value}))),
    "dotenv": ("given", by_file("x.env", lambda value: f"given={json.dumps(value, ensure_ascii=False)}\n")),
    "the environment": ("env", lambda _, value: {"environ": {"A": value}}),
    "a file": ("file", in_a_file),
}


@pytest.mark.parametrize(("output", "give"), WAYS.values(), ids=WAYS)
def test_a_value_that_is_given_stays_as_it_is(output: str, give: Give, tmp_path: Path) -> None:
    write(tmp_path, {"novita-infra.yaml": PROJECT, "hub.yaml": HUB, "a.txt": ""})

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(VALUES)
    def check(value: str) -> None:
        named = {"environ": {"A": "a secret"}, **give(tmp_path, value)}
        with guarded(tmp_path):
            project = load(tmp_path, **named)
        assert project.outputs[output] == value
        assert output != "given" or project.outputs["inside"] == f"x {value}"
        (hub,) = project.declared
        assert hub.spec["password"] == Secret(named["environ"]["A"], "env:A")

    check()


@pytest.mark.parametrize("value", EXPRESSIONS)
def test_a_value_of_the_api_stays_as_it_is(value: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.declare()
    id = make_foreign(rig, "template", by_hand={"readme": value})
    rig.take_in("template.a", id)
    rig.assert_converged()
    (declared,) = rig.project().declared
    assert declared.spec["readme"] == value
