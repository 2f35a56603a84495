"""`api`: any call, its mistakes, and what it never shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Invoke = Callable[..., Result]
GPU = "/gpu-instance/openapi/v1"
REGISTRY = '{"name": "private", "username": "me", "password": "swordfish-123"}'


def test_it_prints_the_answer_as_json(run: Invoke) -> None:
    shown = run("api", "get", f"{GPU}/clusters", "--sim")
    assert shown.exit_code == 0
    assert json.loads(shown.stdout) == json.loads(run("api", "GET", f"{GPU}/clusters", "--sim", "--json").stdout)
    assert "us-ca-nas-2" in run("api", "GET", f"{GPU[1:]}/clusters", "--sim", "--query", "data[].id").stdout


def test_a_write_sends_the_body_from_the_command_a_file_or_stdin(run: Invoke, project: Path) -> None:
    (project / "body.json").write_text('{"clusterId": "us-ca-nas-2", "storageName": "b", "storageSize": 20}')
    created = run("api", "POST", f"{GPU}/networkstorage/create", "--data", "@body.json", "--sim")
    assert created.exit_code == 0, created.stderr
    listed = run("api", "GET", f"{GPU}/networkstorages/list", "--sim", "--all", "--query", "[].storageName")
    assert listed.stdout == "b\n"


def test_secrets_of_the_answer_are_hidden_unless_asked_for(run: Invoke) -> None:
    assert run("api", "POST", f"{GPU}/repository/auth/save", "--data", REGISTRY, "--sim").exit_code == 0
    words = ("api", "GET", f"{GPU}/repository/auths", "--sim")
    hidden, shown = run(*words), run(*words, "--show-secrets")
    assert "swordfish" not in hidden.stdout
    assert json.loads(hidden.stdout).keys() == json.loads(shown.stdout).keys()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("GET", "https://api.novita.ai/x"), "give the path alone, such as /gpu-instance/openapi/v1/gpu/instances"),
        (("FETCH", "/x"), "Invalid value for 'METHOD': 'FETCH' is not one of"),
        (("POST", "/x", "--data", '{"password": "swordfish'), "--data holds no JSON at line 1, column 14"),
        (("POST", "/x", "--data", "[1]"), "--data holds no JSON object; every call of this API takes an object"),
        (("POST", "/x", "--data", "@nope.json"), "nope.json cannot be read: No such file or directory"),
        (("POST", "/x", "--all"), "--all reads a list; use it with GET"),
        (("GET", "/x", "--param", "a"), "write NAME=VALUE"),
        (
            ("GET", "clusters"),
            "GET /clusters: 404 page not found (HTTP 404); there is no such route: check METHOD and PATH, "
            "which begins with /gpu-instance/openapi/v1, /openapi/v1 or /openai/v1\n",
        ),
        (("GET", "/nope", "--all"), "there is no such route: check METHOD and PATH"),
    ],
)
def test_a_mistake_is_reported_without_its_values(run: Invoke, words: tuple[str, ...], message: str) -> None:
    refused = run("api", *words, "--sim")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert message in refused.stderr
    assert "swordfish" not in refused.stderr
