"""Each command about the market, the account and machines over HTTP: text and JSON, bad words, an empty account."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
from click.testing import CliRunner, Result
from command_tree import commands_of
from processes import OURS, serving

from novita_infra.cli import root
from novita_infra.views.result_schemas import result_schemas

pytestmark = pytest.mark.process

SECTIONS: Final = ("market", "account", "machines")
ELSEWHERE: Final = {
    "cp": "tests/journeys/test_machine_access.py",
    "endpoint cancel": "tests/journeys/test_models_over_http.py",
    "endpoint health": "tests/journeys/test_models_over_http.py",
    "endpoint purge": "tests/journeys/test_models_over_http.py",
    "endpoint run": "tests/journeys/test_models_over_http.py",
    "endpoint status": "tests/journeys/test_models_over_http.py",
    "images delete": "tests/journeys/test_machines_over_http.py",
    "port-forward": "tests/journeys/test_machine_access.py",
    "ssh": "tests/journeys/test_machine_access.py",
}
"""Commands that another journey runs, with bad words and without an object, too: against a real sshd, on a queue that
only an asynchronous endpoint has, or on an image that is gone afterwards."""
FLEET: Final = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: web, labels: {team: research}}
spec: {product: {gpu: RTX 4090}, image: "ubuntu:22.04", ports: [22/tcp]}
---
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: paid}
spec: {product: {gpu: RTX 4090}, image: "ubuntu:22.04", billingMode: monthly, months: 1}
"""


@dataclass(frozen=True)
class Visit:
    """What a journey does with one command."""

    words: str = ""
    """Behind the command, on an account with machines."""
    bad: str = "--nothing"
    says: str = "No such option"
    """A part of the message about the bad words."""
    empty: int = 0
    """The exit code on an empty account, with the same words: 1 where an object is named that is not there."""
    schema: str = ""
    """The published schema of its JSON; empty for what the API answers itself, and for lines."""


JOURNEYS: Final = {
    "api": Visit("GET /v3/user", "FETCH /v3/user", "FETCH"),
    "balance": Visit(schema="balance"),
    "billing fixed-term": Visit("--since 7d", "--since never", "never", schema="bills"),
    "billing keys": Visit("--since 7d", "--since never", "never", schema="key_bills"),
    "billing monthly": Visit("", "--since never", "never", schema="monthly_bills"),
    "billing transactions": Visit("--since 7d", "--since never", "never", schema="transactions"),
    "billing usage": Visit("--since 7d", "--by nothing", "nothing", schema="bills"),
    "budgets check": Visit("member owner@example.com", "member nobody", "nobody", schema="budget_check"),
    "budgets list": Visit(schema="budgets"),
    "budgets set": Visit(
        "member owner@example.com --unlimited --auto-approve", "member nobody --unlimited", "nobody", schema="budgets"
    ),
    "clusters": Visit(schema="clusters"),
    "doctor": Visit(schema="doctor"),
    "images list": Visit("", "none", "none", schema="images"),
    "idle": Visit("--since 30m", "--since 8d", "the most is 7d", schema="idle"),
    "instance migrate": Visit("instance.web --auto-approve", "instance.none --auto-approve", "none", 1),
    "instance renew": Visit("instance.paid --months 1 --auto-approve", "instance.paid --months 0", "months", 1),
    "instance restart": Visit("instance.web --auto-approve", "instance.none --auto-approve", "none", 1),
    "instance save-image": Visit(
        "instance.web docker.io/team/model:1 --again --allow-data-loss docker.io/team/model:1",
        "instance.none docker.io/team/model:1",
        "none",
        1,
    ),
    "instance start": Visit("instance.web", "instance.none", "none", 1),
    "instance stop": Visit("instance.web --auto-approve", "instance.none --auto-approve", "none", 1),
    "instance web-terminal": Visit("instance.web", "instance.none", "none", 1, "web_terminals"),
    "job break": Visit("{job}", "none", "none", 1, "broken_jobs"),
    "jobs": Visit("", "--state nothing", "nothing", schema="jobs"),
    "keys": Visit("", "none", "none", schema="keys"),
    "logs": Visit("instance.web", "instance.none", "none", 1),
    "metrics": Visit("instance.web", "instance.none", "none", 1, "metrics"),
    "models": Visit("", "none", "none", schema="models"),
    "offers": Visit("--free", "--gpu none", "none", schema="offers"),
    "products": Visit("", "none", "none", schema="products"),
    "ps": Visit("--all", "instance.none", "none", schema="ps"),
    "quota": Visit(schema="quota"),
    "spend": Visit("", "--by nothing", "nothing", schema="spend"),
    "ssh-config": Visit("instance.web", "instance.none", "none", 1, "ssh_config"),
    "sweep": Visit("--dry-run", schema="sweep"),
    "templates": Visit("", "none", "none", schema="templates"),
    "v2": Visit("", "nothing", "nothing", schema="v2_objects"),
    "wait": Visit("instance.paid --for ready", "instance.paid --for '('", "(", 1, "wait"),
    "whoami": Visit(schema="whoami"),
}


def _section(command: Any) -> str:
    return str(command.callback.__module__).removeprefix("novita_infra.cli.commands.").partition(".")[0]


def test_every_command_of_these_sections_has_a_journey() -> None:
    commands = commands_of(root)
    here = {name for name, command in commands.items() if _section(command) in SECTIONS}
    assert here == {*JOURNEYS, *ELSEWHERE}, "write the journey of a new command over HTTP"
    for name, path in ELSEWHERE.items():
        words = ", ".join(f'"{word}"' for word in name.split())
        assert words in (Path(__file__).parents[2] / path).read_text(encoding="utf-8")
    assert {visit.schema for visit in JOURNEYS.values()} - {""} <= result_schemas().keys()


class Shell:
    """Commands in one folder against one server."""

    def __init__(self, server: str, folder: Path) -> None:
        self.settings = {**dict.fromkeys(OURS), "NOVITA_API_URL": server, "NOVITA_API_KEY": "sk_journey"}
        self.folder = folder

    def run(self, *words: str) -> Result:
        result = CliRunner().invoke(root, list(words), env=self.settings)
        assert "Traceback" not in result.output, result.output
        return result


def _words(name: str, text: str) -> list[str]:

    return [*name.split(), *shlex.split(text)]


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """An account with machines, and the project that declares them."""
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "fleet.yaml").write_text(FLEET)
    with serving(time_scale=400) as (address, _):
        shell = Shell(address, folder)
        assert shell.run("apply", str(folder), "--auto-approve").exit_code == 0
        yield shell


@pytest.fixture(scope="module")
def nobody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """An account without anything, in a project without a state."""
    folder = tmp_path_factory.mktemp("empty")
    (folder / "fleet.yaml").write_text(FLEET)
    with serving(time_scale=400) as (address, _):
        yield Shell(address, folder)


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_command_shows_its_result_in_text_and_in_json(
    name: str, fleet: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(fleet.folder)
    visit = JOURNEYS[name]
    text = visit.words
    if "{job}" in text:
        assert fleet.run("instance", "migrate", "instance.web", "--auto-approve").exit_code == 0
        text = text.replace("{job}", json.loads(fleet.run("jobs", "--json").stdout)[0]["id"])
    shown = fleet.run(*_words(name, text))
    assert (shown.exit_code, bool(shown.output)) == (0, True), shown.output
    assert fleet.run("instance", "start", "instance.web").exit_code == 0
    data = fleet.run(*_words(name, text), "--json")
    assert data.exit_code == 0, data.output
    if visit.schema:
        jsonschema.validate(json.loads(data.stdout), result_schemas()[visit.schema])
    elif name == "api":
        assert json.loads(data.stdout).keys() >= {"credit_balance"}
    else:
        assert {type(json.loads(row)) for row in data.stdout.splitlines()} <= {dict}
    assert fleet.run("instance", "start", "instance.web").exit_code == 0


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_command_says_what_is_wrong_with_its_words(name: str, fleet: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(fleet.folder)
    refused = fleet.run(*_words(name, JOURNEYS[name].bad))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert JOURNEYS[name].says in refused.stderr
    assert refused.stderr.startswith("error: ")


@pytest.mark.parametrize("name", JOURNEYS)
def test_a_command_knows_an_empty_account(name: str, nobody: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(nobody.folder)
    visit = JOURNEYS[name]
    words = _words(name, visit.words.replace("{job}", "none"))
    shown, data = nobody.run(*words), nobody.run(*words, "--json")
    assert (shown.exit_code, data.exit_code) == (visit.empty, visit.empty), shown.output + data.output
    if visit.empty:
        assert shown.stderr.startswith("error: ")
    else:
        assert shown.stdout
        json.loads(data.stdout)
