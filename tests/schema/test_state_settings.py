"""The schema and the explanation of `state:`: the settings of each backend and no others."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from novita_infra.schema.explain_frame import PartExplained, explain_project
from novita_infra.schema.secret_pointers import SECRET
from novita_infra.schema.state_settings import any_state_settings, backends_for, state_settings
from novita_infra.state.backend import Backend
from novita_infra.state.registry import backend_named, backend_names

TABLE = Backend(
    summary="A table of a database.",
    open=lambda _: None,  # type: ignore[arg-type, return-value]
    settings={
        "path": {"type": "string", "default": "state.db", "description": "The file."},
        "table": {"type": "string", "description": "The table."},
    },
    required=("table",),
)


ALL = {name: backend_named(name) for name in backend_names()}
TWO = {"local": backend_named("local"), "table": TABLE}


def fits(schema: dict[str, Any], settings: dict[str, Any]) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(settings))


@pytest.mark.parametrize("schema", [state_settings(ALL), any_state_settings()])
def test_settings_without_a_backend_are_those_of_the_default_backend(schema: dict[str, Any]) -> None:
    assert fits(schema, {})
    assert fits(schema, {"path": "kept"})
    assert fits(schema, {"backend": "local", "path": "kept"})
    assert not fits(schema, {"table": "x"})
    assert not fits(schema, {"backend": "local", "table": "x"})
    assert not fits(schema, {"backend": 5})


def test_only_the_schema_of_the_project_file_knows_all_backends() -> None:
    assert not fits(state_settings(ALL), {"backend": "lokal"})
    assert fits(any_state_settings(), {"backend": "lokal", "bucket": "x"})


def test_each_backend_takes_its_own_settings() -> None:
    schema = state_settings(TWO)
    assert fits(schema, {"backend": "table", "table": "x", "path": "y"})
    assert not fits(schema, {"backend": "table"})
    assert not fits(schema, {"backend": "local", "table": "x"})
    assert not fits(schema, {"backend": "table", "table": "x", "bucket": "y"})
    assert schema["properties"]["backend"]["enum"] == ["local", "table"]


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"backend": "s3", "bucket": "x"}, ("s3",)),
        ({"path": "kept"}, ("local",)),
        ("kept", ("local",)),
        ({"backend": "lokal"}, backend_names()),
        ({"backend": ["s3"]}, backend_names()),
    ],
)
def test_only_the_named_backend_is_needed_to_validate_its_settings(given: Any, names: tuple[str, ...]) -> None:
    assert backends_for(given) == names


def explained(path: str, backends: dict[str, Backend], monkeypatch: pytest.MonkeyPatch) -> PartExplained:
    """The explanation of a setting as if these were all backends."""
    project = {"type": "object", "properties": {"state": state_settings(backends)}, "$defs": {"secret": SECRET}}
    monkeypatch.setattr("novita_infra.schema.explain_frame.project_schema", lambda: project)
    return explain_project(path)


def test_the_settings_of_a_backend_are_explained_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    path = explained("state.path", {"local": backend_named("local")}, monkeypatch)
    assert (path.default, path.doc) == ("state", "local: The folder of the state files, relative to the project.")


def test_a_setting_of_two_backends_is_explained_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    path = explained("state.path", TWO, monkeypatch)
    assert path.default == ""
    assert path.doc == (
        "local: The folder of the state files, relative to the project. Default: state. "
        "table: The file. Default: state.db."
    )
    assert explained("state.table", TWO, monkeypatch).doc == "table: The table."


def test_the_backend_is_the_first_setting() -> None:
    assert explain_project("state").items[0].name == "backend"
