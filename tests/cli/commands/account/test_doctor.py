"""`doctor`: a line for each check, without a key, a project or a network, and never the value of a variable."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from click.testing import Result

from novita_infra import __version__
from novita_infra.manifests.project.locating import locate
from novita_infra.state.opening import open_backend
from novita_infra.state.store import LockRefused
from novita_infra.views.result_schemas import result_schemas

Invoke = Callable[..., Result]
KEY = "sk_" + "a1b2c3d4" * 4


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "NOVITA_INFRA_VAR_note",
    ):
        monkeypatch.delenv(name, raising=False)


def _lines(result: Result) -> dict[str, str]:
    """The lines by check."""
    found = {}
    for line in result.stdout.splitlines():
        health, name, detail = line[:7].strip(), line[9:].split("  ")[0], line[9:].partition("  ")[2].strip()
        found[name] = f"{health}: {detail}"
    return found


def test_a_sound_setup_has_no_error(run: Invoke, project: Path) -> None:
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    shown = run("doctor", "--sim")
    assert (shown.exit_code, shown.stderr) == (0, "")
    found = _lines(shown)
    python = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    assert found["version"] == f"ok: novita-infra {__version__}, {python}"
    assert found["packages"].endswith(" that it needs are installed; --json shows their versions")
    rows = {row["name"]: row for row in json.loads(run("doctor", "--sim", "--json").stdout)}
    assert rows["packages"]["versions"].keys() >= {"click", "httpx"}
    assert found["proxy"] == "ok: none for the API"
    assert found["network"].startswith("ok: the simulator answers in ")
    assert found["key"] == "ok: valid: key-1"
    assert found["clock"] == "ok: that of the simulator"
    assert found["project"] == f"ok: small in {project.resolve()}, states in state"
    assert found["state default"].endswith(", 1 resource")
    assert found["lock"] == "ok: free"
    data = json.loads(run("doctor", "--sim", "--json").stdout)
    jsonschema.validate(data, result_schemas()["doctor"])
    assert {row["health"] for row in data} == {"ok"}


def test_a_missing_key_is_an_error_and_the_rest_is_checked(run: Invoke) -> None:
    shown = run("doctor")
    assert shown.exit_code == 1
    found = _lines(shown)
    assert found["access"] == (
        "error: there is no API key; set NOVITA_API_KEY, or add --sim to use the built-in simulator"
    )
    assert found["state"] == "ok: none yet: nothing was applied"


def test_without_a_network_the_rest_is_checked(run: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOVITA_API_KEY", KEY)
    monkeypatch.setenv("NOVITA_API_URL", "http://127.0.0.1:9")
    shown = run("doctor")
    assert shown.exit_code == 1
    assert KEY not in shown.output
    found = _lines(shown)
    assert found["network"].startswith("error: 127.0.0.1:9 cannot be reached: ")
    assert found["network"].endswith("; check the network and NOVITA_API_URL")
    assert "NOVITA_API_KEY, NOVITA_API_URL" in found["environment"]
    assert found["lock"] == "ok: free"


def test_a_proxy_that_cannot_be_used_is_one_error(run: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOVITA_API_KEY", KEY)
    monkeypatch.setenv("HTTPS_PROXY", "ftp://ada:hunter2@proxy.example.com")
    shown = run("doctor")
    assert shown.exit_code == 1
    assert "hunter2" not in shown.output
    assert [name for name, text in _lines(shown).items() if text.startswith("error")] == ["proxy"]


def test_a_folder_without_a_project_is_no_error(run: Invoke, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("empty")
    shown = run("doctor", "--sim", "--project", str(folder))
    assert shown.exit_code == 0
    assert _lines(shown)["project"] == f"unknown: none in {folder.resolve()}; novita-infra init writes a first one"


def test_a_damaged_state_and_project_file_are_errors(run: Invoke, project: Path) -> None:
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    (project / "state" / "default.json").write_text("{")
    shown = run("doctor", "--sim")
    assert shown.exit_code == 1
    assert _lines(shown)["state default"].startswith("error: ")
    (project / "novita-infra.yaml").write_text("apiVersion: [\n")
    shown = run("doctor", "--sim")
    assert shown.exit_code == 1
    assert "Traceback" not in shown.output


def test_a_held_lock_names_its_holder(run: Invoke, project: Path) -> None:
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    lock = open_backend(locate(project).state).store("default").try_lock("apply")
    assert not isinstance(lock, LockRefused)
    shown = run("doctor", "--sim")
    lock.release()
    assert shown.exit_code == 0
    assert _lines(shown)["lock default"].startswith("warning: held by `apply` of ")
    assert _lines(shown)["lock default"].endswith(
        "; wait for it; if it is dead: novita-infra state lock break --env default"
    )


def test_a_state_of_another_account_is_a_warning(run: Invoke, project: Path) -> None:
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    path = project / "state" / "default.json"
    path.write_text(path.read_text().replace('"simulator"', '"api.novita.ai"', 1))
    found = _lines(run("doctor", "--sim"))["state default"]
    assert found.startswith(("warning: version ", "error: "))
