"""The backends by name, and the errors of their settings."""

from __future__ import annotations

import subprocess
import sys

import pytest

from novita_infra.model.diagnostics import Problems
from novita_infra.state.backend import SettingError
from novita_infra.state.registry import DEFAULT, backend_named, backend_names, backend_of, setting_errors


def test_the_default_backend_is_named_first() -> None:
    assert backend_names()[0] == DEFAULT
    assert backend_of({}) is backend_named(DEFAULT)


@pytest.mark.parametrize("name", backend_names())
def test_every_backend_documents_itself_and_its_settings(name: str) -> None:
    backend = backend_named(name)
    assert backend.summary.endswith(".")
    assert "backend" not in backend.settings
    assert [item for item, schema in backend.settings.items() if not schema.get("description")] == []
    assert set(backend.required) <= backend.settings.keys()


@pytest.mark.parametrize("name", ["lokal", "", "..", "local.files", "__init__"])
def test_an_unknown_backend_is_refused(name: str) -> None:
    with pytest.raises(Problems, match="there is no state backend"):
        backend_named(name)
    assert [error.name for error in setting_errors({"backend": name})] == ["backend"]


@pytest.mark.parametrize("path", ["state", "../shared/state", "/srv/state", "a:b", "x@y", "", "C:/state"])
def test_a_folder_is_accepted_as_the_path_of_local_states(path: str) -> None:
    assert not setting_errors({"path": path})


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("s3://bucket/x", "write state: {backend: s3, bucket: NAME}"),
        ("file:///srv", "name a folder, such as state"),
        ("postgresql://db/x", "write state: {backend: postgres, url: {fromEnv: NAME}}"),
        ("HTTP://gitlab/state", "write state: {backend: http, address: URL}"),
        ("git@host:team/state.git", "write state: {backend: git, remote: URL}"),
        ("ssh://git@host/state.git", "write state: {backend: git, remote: URL}"),
    ],
)
def test_a_url_is_refused_as_the_path_of_local_states_with_the_backend_to_write(path: str, hint: str) -> None:
    (error,) = setting_errors({"backend": "local", "path": path})
    assert error == SettingError("path", f'is a folder of this machine, not the URL "{path}"', hint)


@pytest.mark.parametrize("path", ["postgres://ada:hunter2@db/x", "token=hunter2hunter2"])
def test_a_secret_in_clear_is_refused_in_any_setting_and_not_shown(path: str) -> None:
    (error,) = setting_errors({"path": path})
    assert error == SettingError("path", "holds a secret in clear", "leave the secret out of it")


def test_settings_of_a_wrong_type_are_left_to_the_schema() -> None:
    assert not setting_errors({"backend": 5})
    assert not setting_errors({"path": 5})


IMPORTS = """
import sys
import novita_infra.state.backend
before = set(sys.modules)
from novita_infra.state.registry import backend_named, backend_names
for name in backend_names():
    backend_named(name)
print(*{name.partition(".")[0] for name in set(sys.modules) - before} - sys.stdlib_module_names)
"""


@pytest.mark.process
def test_a_backend_that_is_not_opened_imports_no_third_party_package() -> None:
    """The schema of the project file needs the settings of every backend, in every command."""
    done = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["novita_infra"]
