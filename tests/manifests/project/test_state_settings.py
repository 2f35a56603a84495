"""The settings under `state:`: variables in them, and secrets from their sources, read when the state is opened."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from manifest_files import INSTANCE, manifest, project_file, write

from novita_infra.api.known_secrets import OF_THIS_RUN
from novita_infra.manifests.project.loading import load
from novita_infra.manifests.project.locating import locate
from novita_infra.model.diagnostics import Problems
from novita_infra.state.opening import open_backend

VARIABLES = (
    "variables: {place: {type: string, default: kept}, other: {type: string}}\nenvironments: {dev: {}, prod: {}}\n"
)


def located(folder: Path, state: str, *, before: str = VARIABLES, **given: Any) -> str:
    """Where the state of the project is, as a message names it, relative to the folder."""
    write(folder, {"novita-infra.yaml": project_file(f"{before}state: {state}\n"), "a.yaml": "{"})
    place = locate(folder, **{"environ": {}, **given})
    return str(Path(open_backend(place.state).describe()).relative_to(folder))


def refused(folder: Path, state: str, **given: Any) -> list[str]:
    """The messages about a state that cannot be opened."""
    with pytest.raises(Problems) as raised:
        located(folder, state, **given)
    return [str(item) for item in raised.value.diagnostics]


def test_settings_of_the_state_use_variables_the_project_and_the_environment(tmp_path: Path) -> None:
    text = "{path: '${var.place}/${project.name}-${environment.name}'}"
    assert located(tmp_path, text) == "kept/training-default"
    assert located(tmp_path, text, environment="dev", variables={"place": "given"}) == "given/training-dev"
    (tmp_path / "x.vars.yaml").write_text("place: filed\n")
    assert located(tmp_path, text, var_files=[tmp_path / "x.vars.yaml"]) == "filed/training-default"
    assert located(tmp_path, text, environ={"NOVITA_INFRA_VAR_place": "set"}) == "set/training-default"


def test_the_place_of_the_state_is_equal_for_a_loaded_project(tmp_path: Path) -> None:
    write(tmp_path, {"novita-infra.yaml": project_file(f"{VARIABLES}state: {{path: '${{var.place}}'}}\n")})
    write(tmp_path, {"a.yaml": manifest("Instance", "a", INSTANCE.replace("RTX 4090", '"${var.other}"'))})
    project = load(tmp_path, environ={}, variables={"other": "RTX 4090"})
    assert project.state == locate(tmp_path, environ={}).state
    assert project.state.options == {"path": "kept"}
    assert project.warnings == ()


def test_a_variable_without_a_value_stops_only_a_command_that_opens_the_state(tmp_path: Path) -> None:
    assert refused(tmp_path, "{path: '${var.other}'}") == [
        'novita-infra.yaml:4:51: the variable "other" has no value; give it with --var other=..., '
        "NOVITA_INFRA_VAR_other, a --var-file, or a default"
    ]
    write(tmp_path, {"a.yaml": manifest("Instance", "a", INSTANCE)})
    project = load(tmp_path, environ={}, lenient=True)
    assert [str(item.summary) for item in project.warnings if item.unset] == [
        'the variable "other" has no value: what uses it is neither checked nor compared'
    ]
    with pytest.raises(Problems, match='the variable "other" has no value'):
        open_backend(project.state)


@pytest.mark.parametrize(
    ("state", "messages"),
    [
        ("{path: '${vpc.net.id}'}", ['novita-infra.yaml:6:18: "vpc" is no kind of resource; known: env, environment']),
        ("{path: '${var.nr}'}", ["novita-infra.yaml:6:15: state.path wants a text, not 5"]),
        ("{path: 's3://${var.place}'}", ['state.path is a folder of this machine, not the URL "s3://kept"']),
        ("{path: '${env.DB_PASSWORD}'}", ["state.path takes no secret from an expression; write where it comes from"]),
        ("{path: '${var.hid}'}", ["state.path takes no secret from an expression; write where it comes from"]),
        ("{path: '${var.wrong}'}", ['the variable "wrong" is a whole number, and its default gives "x"']),
    ],
)
def test_what_cannot_be_a_setting_is_refused_with_its_place(tmp_path: Path, state: str, messages: list[str]) -> None:
    before = (
        "variables: {place: {type: string, default: kept}, nr: {type: integer, default: 5},\n"
        "  hid: {type: string, secret: true, default: {fromEnv: DB_PASSWORD}}, wrong: {type: integer, default: x}}\n"
    )
    found = refused(tmp_path, state, before=before, environ={"DB_PASSWORD": "hunter2hunter2"})
    assert len(found) == len(messages)
    assert all(message in line for line, message in zip(found, messages, strict=True)), found
    assert "hunter2" not in str(found)


def test_secrets_of_the_state_are_read_when_it_is_opened_and_not_before(tmp_path: Path) -> None:
    write(tmp_path, {"novita-infra.yaml": project_file("state: {path: {fromEnv: PLACE}}\n")})
    place = locate(tmp_path, environ={})
    assert place.state.options == {"path": {"fromEnv": "PLACE"}}
    with pytest.raises(Problems) as raised:
        open_backend(place.state)
    assert str(raised.value) == (
        "novita-infra.yaml:4:15: the environment variable PLACE is not set; set it: export PLACE=..."
    )
    assert open_backend(locate(tmp_path, environ={"PLACE": "hidden-folder"}).state).describe().endswith("hidden-folder")
    assert "hidden-folder" in OF_THIS_RUN.all()
    assert "hidden-folder" not in repr(locate(tmp_path, environ={"PLACE": "hidden-folder"}).state.revealed())


@pytest.mark.process
def test_a_program_is_asked_once_for_a_secret_of_the_state_inside_a_running_loop_too(tmp_path: Path) -> None:
    (tmp_path / "give").write_text("#!/bin/sh\necho asked >> asked\necho given\n")
    (tmp_path / "give").chmod(0o755)
    state = "{path: {fromCommand: [./give]}}\nsecretCommands: [./give]"
    assert located(tmp_path, state) == "given"
    settings = locate(tmp_path, environ={}).state

    async def inside() -> list[str]:
        return [open_backend(settings).describe() for _ in range(3)]

    assert asyncio.run(inside()) == [str(tmp_path / "given")] * 3
    assert (tmp_path / "asked").read_text() == "asked\n" * 2
    assert refused(tmp_path, "{path: {fromCommand: [./give]}}") == [
        "novita-infra.yaml:6:15: the program ./give may not be run for a secret; "
        "allow it in novita-infra.yaml: secretCommands: [./give]"
    ]
