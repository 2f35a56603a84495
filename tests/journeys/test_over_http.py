"""Every example through the real command, over HTTP, against `sim serve` in a process of its own."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from click.testing import CliRunner, Result
from processes import COMMAND, OURS, environment, serving

from examples import NAMES, copy_example, manifest_of
from novita_infra.cli import root
from novita_infra.kinds import KINDS
from novita_infra.kinds.field import By
from novita_infra.kinds.kind import Kind

pytestmark = pytest.mark.process

PASSWORD = "correct-horse-battery"
TIME_SCALE = 200
WITH_ITS_DATA = ("--allow-data-loss", "network_storage.*")
"""What deleting a storage takes."""


@dataclass(frozen=True, kw_only=True)
class Journey:
    """One example, in one environment, with an edit that it must survive."""

    example: str
    environment: str = ""
    options: tuple[str, ...] = ()
    """The edit by variables: more options from then on."""
    replacing: tuple[str, str, str] | None = None
    """The edit by hand: in this file, this text by that one."""
    secret: str = PASSWORD
    """The edit of a secret: the registry's password from then on."""
    becomes: Mapping[str, list[str]] = field(default_factory=dict)
    """What the edit does: the actions by address, in Terraform's words."""

    def __str__(self) -> str:
        return f"{self.example}-{self.environment}".rstrip("-")


JOURNEYS: tuple[Journey, ...] = (
    Journey(
        example="dev-prod",
        environment="dev",
        options=("--var", "diskGb=80"),
        becomes={"instance.model": ["update"]},
    ),
    Journey(
        example="dev-prod",
        environment="prod",
        options=("--var", "diskGb=210"),
        becomes={"instance.model": ["update"]},
    ),
    Journey(
        example="endpoint",
        replacing=("manifest.yaml", "max: 3", "max: 4"),
        becomes={"endpoint.api": ["update"]},
    ),
    Journey(
        example="evaluation",
        replacing=("questions.yaml", "out/answers.jsonl", "out/found.jsonl"),
        becomes={"batch.questions": ["update"]},
    ),
    Journey(
        example="expressions",
        replacing=("motd.txt", "Welcome", "Good morning"),
        becomes={"instance.worker": ["update"]},
    ),
    Journey(
        example="schedules",
        replacing=("manifest.yaml", "ports: [8888/http]", "ports: [8888/http, 22/tcp]"),
        becomes={"instance.notebook": ["update"]},
    ),
    Journey(
        example="secret-sources",
        replacing=("machines.env", "made up", "made up again"),
        becomes={"instance.trainer": ["update"]},
    ),
    Journey(
        example="image-prewarm",
        replacing=("manifest.yaml", "for the training machines", "for the new machines"),
        becomes={"image_prewarm.pytorch": ["update"]},
    ),
    Journey(
        example="instance",
        replacing=("manifest.yaml", "power: running", "power: stopped"),
        becomes={"instance.workstation": ["update"]},
    ),
    Journey(
        example="lookups",
        options=("--var", "region=US"),
        becomes={'network_storage.cache["us-dallas-nas-2"]': ["create"]},
    ),
    Journey(
        example="modules",
        options=("--var", "image=docker.io/library/redis:7.2"),
        becomes={
            f'module.train["{region}"].instance.{name}': ["update"]
            for region, names in (("eu", ("head", 'worker["1"]', 'worker["2"]')), ("us", ("head", 'worker["1"]')))
            for name in names
        },
    ),
    Journey(
        example="network-storage",
        replacing=("manifest.yaml", "sizeGb: 100", "sizeGb: 120"),
        becomes={"network_storage.datasets": ["update"]},
    ),
    Journey(
        example="policies",
        replacing=("fleet.yaml", "sizeGb: 100", "sizeGb: 120"),
        becomes={"network_storage.data": ["update"]},
    ),
    Journey(
        example="quickstart",
        options=("--var", "diskGb=120"),
        becomes={"instance.trainer": ["update"]},
    ),
    Journey(
        example="registry-auth",
        secret="another-horse",
        becomes={"registry_auth.hub": ["create", "delete"]},
    ),
    Journey(
        example="repetition",
        environment="prod",
        replacing=("nodes.yaml", "{gpus: 2, disk: 80}", "{gpus: 2, disk: 120}"),
        becomes={'instance.worker["eu"]': ["update"]},
    ),
    Journey(
        example="serverless-fleet",
        options=("--var", "release=2.2.0"),
        becomes={"endpoint.chat": ["update"], "endpoint.embed": ["update"]},
    ),
    Journey(
        example="template",
        replacing=("manifest.yaml", 'JUPYTER_ENABLE_LAB: "yes"', 'JUPYTER_ENABLE_LAB: "no"'),
        becomes={"instance.alice": ["update"], "template.notebook": ["update"]},
    ),
    Journey(
        example="training-cluster",
        options=("--var", "image=docker.io/acme/trainer:1.5.0"),
        becomes={
            "image_prewarm.trainer": ["delete", "create"],
            "instance.head": ["update"],
            'instance.worker["1"]': ["update"],
            'instance.worker["2"]': ["update"],
            'instance.worker["3"]': ["update"],
            "template.node": ["update"],
        },
    ),
    Journey(
        example="variables",
        options=("--var", "disks={rootGb: 70, data: {sizeGb: 60}}"),
        becomes={"instance.trainer": ["update"], "network_storage.data": ["update"]},
    ),
)


def _renamed(kind: Kind) -> Journey:
    """The journey of a kind's example that has no other: a name of its own is set, if the object has one."""
    example = kind.type.replace("_", "-")
    if "name" not in kind.by_name:
        return Journey(example=example)
    address = f"{kind.type}.{yaml.safe_load(manifest_of(kind.type))['metadata']['name']}"
    order = ["create", "delete"] if kind.api.create_first else ["delete", "create"]
    actions = ["update"] if isinstance(kind.field("name").change, By) else order
    edit = ("manifest.yaml", "spec:", "spec:\n  name: renamed")
    return Journey(example=example, replacing=edit, becomes={address: actions})


_WRITTEN = {journey.example for journey in JOURNEYS}
JOURNEYS += tuple(_renamed(kind) for kind in KINDS.values() if kind.type.replace("_", "-") not in _WRITTEN)


@pytest.fixture
def server() -> Iterator[str]:
    """The address of a server with an account of its own."""
    with serving(time_scale=TIME_SCALE) as (address, _):
        yield address


class Shell:
    """The command on one project against one server, in this process; nothing of the caller's settings gets through."""

    def __init__(self, folder: Path, server: str) -> None:
        self.folder = folder
        self.password = PASSWORD
        self._server = server

    def run(self, *words: str, expect: int = 0) -> Result:
        settings: dict[str, str | None] = {**dict.fromkeys(OURS), **_account(self._server, self.password)}
        result = CliRunner().invoke(root, [words[0], str(self.folder), *words[1:]], env=settings)
        assert result.exit_code == expect, f"{words}: {result.output}"
        return result


@pytest.mark.parametrize("journey", JOURNEYS, ids=str)
def test_every_example_comes_up_plans_empty_survives_an_edit_and_goes(
    journey: Journey, server: str, tmp_path: Path
) -> None:
    shell = Shell(_copied(journey.example, tmp_path), server)
    where = ("--env", journey.environment) if journey.environment else ()
    assert "Valid: " in shell.run("validate", *where).stdout
    shell.run("plan", *where, "--detailed-exitcode", expect=2)
    shell.run("apply", *where, "--auto-approve")
    shell.run("plan", *where, "--detailed-exitcode")
    owned = _owned(server)

    if journey.replacing:
        _edit(shell.folder, *journey.replacing)
    shell.password = journey.secret
    where = (*where, *journey.options)
    planned = json.loads(shell.run("plan", *where, "--json").stdout)
    assert _actions(planned) == journey.becomes
    shell.run("apply", *where, "--auto-approve")
    shell.run("plan", *where, "--detailed-exitcode")
    assert _kept(owned, _owned(server)) == _expected_kept(owned, planned)

    shell.run("destroy", *where, "--auto-approve", *WITH_ITS_DATA)
    assert _owned(server) == {}
    _assert_unread(PASSWORD, shell.folder)
    _assert_unread("another-horse", shell.folder)


def test_every_example_has_its_journey() -> None:
    assert sorted({journey.example for journey in JOURNEYS}) == NAMES


def test_the_installed_command_does_the_same_in_processes_of_its_own(server: str, tmp_path: Path) -> None:
    folder = _copied("network-storage", tmp_path)
    settings = {**environment(), **_account(server, PASSWORD)}

    def run(*words: str) -> int:
        return subprocess.run([*COMMAND, *words], cwd=folder, env=settings, capture_output=True, check=False).returncode

    assert run("plan", "--detailed-exitcode") == 2
    assert run("plan", "--out", "first.niplan") == 0
    assert run("apply", "first.niplan") == 0
    assert run("plan", "--detailed-exitcode") == 0
    assert run("apply", "first.niplan") == 0  # nothing is left of it
    assert run("destroy", "--auto-approve", *WITH_ITS_DATA) == 0
    assert _owned(server) == {}


def test_sim_serve_prints_its_address_first_and_exits_0_on_sigterm() -> None:
    with serving(time_scale=TIME_SCALE) as (address, process):
        assert httpx.URL(address).host == "127.0.0.1"
        assert httpx.get(f"{address}/_sim/state").json()["objects"]["instances"] == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""


def test_sim_serve_keeps_its_account_in_a_file(tmp_path: Path) -> None:
    folder, account = _copied("vpc", tmp_path), str(tmp_path / "account.db")
    with serving("--db", account, time_scale=TIME_SCALE) as (address, _):
        Shell(folder, address).run("apply", "--auto-approve")
        before = _owned(address)
    with serving("--db", account, time_scale=TIME_SCALE) as (address, _):
        assert _owned(address) == before != {}
        Shell(folder, address).run("plan", "--detailed-exitcode")


@pytest.mark.parametrize(
    "words",
    [("serve",), ("record", "--out", "log.har"), ("record", "--out", "log.har", "--target", "https://localhost")],
    ids=" ".join,
)
def test_a_port_in_use_is_reported_in_one_line(words: tuple[str, ...], server: str, tmp_path: Path) -> None:
    port = str(httpx.URL(server).port)
    ended = subprocess.run(
        [*COMMAND, "sim", *words, "--port", port],
        env=environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    (message,) = ended.stderr.splitlines()
    assert message.startswith(f"error: port {port} is not available")
    assert ended.stdout == ""


def test_a_key_that_is_none_is_refused_with_what_to_do(server: str, tmp_path: Path) -> None:
    settings: dict[str, str | None] = {
        **dict.fromkeys(OURS),
        **_account(server, PASSWORD),
        "NOVITA_API_KEY": "wrong-and-secret",
    }
    ended = CliRunner().invoke(root, ["plan", str(_copied("vpc", tmp_path))], env=settings)
    assert ended.exit_code == 1
    assert "NOVITA_API_KEY" in ended.stderr
    assert "wrong-and-secret" not in ended.output


def _account(server: str, password: str) -> dict[str, str]:
    return {
        "NOVITA_API_URL": server,
        "NOVITA_API_KEY": "sk_test",
        "REGISTRY_USERNAME": "acme-bot",
        "REGISTRY_PASSWORD": password,
    }


def _copied(example: str, to: Path) -> Path:
    return copy_example(example, to / example)


def _edit(folder: Path, file: str, old: str, new: str) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def _actions(planned: Mapping[str, Any]) -> dict[str, list[str]]:
    """The actions of a plan by address; what stays as it is left out."""
    changes = {item["address"]: item["change"]["actions"] for item in planned["resource_changes"]}
    return {address: actions for address, actions in changes.items() if actions != ["no-op"]}


def _owned(server: str) -> dict[str, set[str]]:
    """The ids of what the account holds, by resource; what is leaving has left."""
    httpx.post(f"{server}/_sim/advance", json={"seconds": 60}).raise_for_status()
    objects = httpx.get(f"{server}/_sim/state").json()["objects"]
    tables = ("instances", "templates", "storages", "networks", "registry_auths", "prewarms", "endpoints")
    return {name: {item["id"] for item in objects[name]} for name in tables if objects[name]}


def _kept(before: Mapping[str, set[str]], after: Mapping[str, set[str]]) -> int:
    """How many objects are still the same ones."""
    return sum(len(ids & after.get(name, set())) for name, ids in before.items())


def _expected_kept(owned: Mapping[str, set[str]], planned: Mapping[str, Any]) -> int:
    replaced = sum("delete" in item["change"]["actions"] for item in planned["resource_changes"])
    return sum(map(len, owned.values())) - replaced


def _assert_unread(secret: str, folder: Path) -> None:
    """The secret stands in no file of the project."""
    assert [file for file in folder.rglob("*") if file.is_file() and secret.encode() in file.read_bytes()] == []
