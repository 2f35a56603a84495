"""Sources of secrets that take long: asked once, for what is used, together, and never by a command without secrets."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from manifest_files import INSTANCE, manifest, one, project_file, write
from processes import Run, wait_until
from secret_programs import calls, programs
from secret_projects import ALLOWED, fetched, machine
from vault_server import VaultServer, vault_server

from novita_infra.manifests.export.formatting import format_yaml
from novita_infra.manifests.project.loading import load
from novita_infra.manifests.secrets.asking import SecretsWanted, with_secrets
from novita_infra.model.diagnostics import Problems

pytestmark = pytest.mark.process


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch) -> Iterator[VaultServer]:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with vault_server({f"secret/{name}": {"token": "v4ult-token"} for name in "ABC"}) as server:
        yield server


class Hasty:
    """A clock on which a minute is over in 50 ms."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.05)
        self.time += seconds


LAZY = project_file(
    "variables:\n"
    "  used: {secret: true, default: {fromCommand: [op, used]}}\n"
    "  unused: {secret: true, default: {fromCommand: [op, unused]}}\n"
    "  overridden: {secret: true, default: {fromCommand: [op, overridden]}}\n"
    "  shown: {secret: true, default: {fromCommand: [op, shown]}}\n"
    "secretCommands: [op]\n"
    'outputs: {link: "https://x:${var.shown}@h"}\n'
)
USING = machine("{A: '${upper(var.used)}', B: 'x-${var.overridden}', C: {fromCommand: [op, used]}}")


def test_only_what_is_used_is_asked_and_only_once(tmp_path: Path) -> None:
    environ = {**programs(tmp_path / "bin"), "NOVITA_INFRA_VAR_overridden": "given"}
    other = manifest(
        "Instance",
        "b",
        f"{INSTANCE}  env: {{A: '${{instance.a.env}}'}}\n".replace("'${instance.a.env}'", "'${instance.a.env.C}'"),
    )
    write(tmp_path, {"novita-infra.yaml": LAZY, "a.yaml": USING, "b.yaml": other})
    project = fetched(tmp_path, environ)
    spec = one(project, "instance.a").spec["env"]
    assert (spec["A"].value, spec["B"].value, spec["C"].value) == ("VALUE-OF-USED", "x-given", "value-of-used")
    assert one(project, "instance.b").spec["env"]["A"].value == "value-of-used"
    assert project.outputs["link"].value == "https://x:value-of-shown@h"
    assert calls(tmp_path / "bin") == ["op shown", "op used"]


@pytest.mark.parametrize("head", ["enabled: false\n", "environments: [prod]\n", "forEach: []\n"])
def test_a_resource_that_does_not_exist_here_asks_nothing(tmp_path: Path, head: str) -> None:
    environ = programs(tmp_path / "bin")
    absent = manifest("Instance", "b", f"{INSTANCE}  env: {{A: {{fromCommand: [op, read]}}}}\n", head=head)
    project = project_file("secretCommands: [op]\nenvironments: {dev: {}, prod: {}}\ndefaultEnvironment: dev\n")
    write(tmp_path, {"novita-infra.yaml": project, "a.yaml": machine("{A: b}") + absent})
    assert len(fetched(tmp_path, environ).declared) == 1
    assert calls(tmp_path / "bin") == []


def test_each_of_a_for_each_asks_the_same_source_once(tmp_path: Path) -> None:
    environ = programs(tmp_path / "bin")
    many = manifest(
        "Instance", "b", f"{INSTANCE}  env: {{A: {{fromCommand: [op, read]}}}}\n", head="forEach: [x, y, z]\n"
    )
    write(tmp_path, {"novita-infra.yaml": ALLOWED, "a.yaml": many})
    assert len(fetched(tmp_path, environ).declared) == 3
    assert calls(tmp_path / "bin") == ["op read"]


def test_nothing_is_asked_where_the_manifests_have_an_error(tmp_path: Path) -> None:
    environ = programs(tmp_path / "bin")
    broken = USING + "  colour: red\n" + manifest("Instance", "b", f"{INSTANCE}  env: {{A: {{fromEnv: NOT_SET}}}}\n")
    write(tmp_path, {"novita-infra.yaml": LAZY, "a.yaml": broken})
    with pytest.raises(Problems) as caught:
        fetched(tmp_path, environ)
    assert not isinstance(caught.value, SecretsWanted)
    assert [item.summary for item in caught.value.diagnostics] == [
        'unknown field "colour"',
        "the environment variable NOT_SET is not set",
    ]
    assert calls(tmp_path / "bin") == []


def test_offline_nothing_is_asked_and_what_is_not_compared_is_named(tmp_path: Path) -> None:
    environ = programs(tmp_path / "bin")
    write(tmp_path, {"novita-infra.yaml": LAZY, "a.yaml": USING})
    project = load(tmp_path, environ=environ, lenient=True)
    assert [item.summary for item in project.warnings if item.unasked] == [
        f"the secret from command:op {word} is not read here: what uses it is neither checked nor compared"
        for word in ("used", "overridden", "shown")
    ]
    assert {rule.path for rule in one(project, "instance.a").lifecycle.ignored} == {
        ("env", "A"),
        ("env", "B"),
        ("env", "C"),
    }
    assert calls(tmp_path / "bin") == []


def test_sources_are_asked_together_and_a_slow_one_shows_signs_of_life(tmp_path: Path, vault: VaultServer) -> None:
    env = ", ".join(f"{name}: {{fromVault: {{path: {name}, field: token}}}}" for name in "ABC")
    write(tmp_path, {"a.yaml": machine(f"{{{env}}}")})
    vault.held.clear()
    reports: list[str] = []

    def report(text: str) -> None:
        reports.append(text)
        vault.held.set()

    work = with_secrets(partial(load, tmp_path, environ=vault.environ), vault.environ, report=report, clock=Hasty())
    asyncio.run(work)
    subjects = ", ".join(f"the secret secret/{name} of the vault" for name in "ABC")
    assert reports[0] == f"Still waiting: {subjects}"


def test_a_slow_command_ends_with_the_run(tmp_path: Path) -> None:
    environ = programs(tmp_path / "bin")
    write(tmp_path, {"novita-infra.yaml": ALLOWED, "a.yaml": machine("{A: {fromCommand: [op, slow]}}")})

    async def interrupted() -> None:
        load_here = partial(load, tmp_path, environ=environ)
        task = asyncio.ensure_future(with_secrets(load_here, environ, report=lambda _: None))
        while not calls(tmp_path / "bin"):
            await asyncio.wait([task], timeout=0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(interrupted(), 20))


def test_a_command_that_destroys_asks_nothing(tmp_path: Path) -> None:
    environ = programs(tmp_path / "bin")
    write(tmp_path, {"novita-infra.yaml": LAZY, "a.yaml": USING})
    work = with_secrets(partial(load, tmp_path, environ=environ), environ, destroys=True, report=lambda _: None)
    assert len(asyncio.run(work).declared) == 1
    assert calls(tmp_path / "bin") == []


def test_a_sops_file_among_the_manifests_is_no_manifest(tmp_path: Path) -> None:
    encrypted = (
        "registry:\n    password: ENC[AES256_GCM,data:abc=,type:str]\nsops:\n    mac: ENC[x]\n    version: 3.9.0\n"
    )
    write(tmp_path, {"novita-infra.yaml": ALLOWED, "a.yaml": machine("{A: b}"), "s.enc.yaml": encrypted})
    assert len(fetched(tmp_path, {}).declared) == 1
    assert format_yaml(encrypted, "s.enc.yaml") == (encrypted, [])


def test_an_interrupted_plan_ends_its_slow_command(tmp_path: Path) -> None:
    environ = programs(tmp_path / "bin")
    project = tmp_path / "project"
    write(project, {"novita-infra.yaml": ALLOWED, "a.yaml": machine("{A: {fromCommand: [op, slow]}}")})
    run = Run("plan", "--sim", folder=project, server="http://127.0.0.1:9", **environ)
    try:
        wait_until(lambda: bool(calls(tmp_path / "bin")), "the command runs")
        run.interrupt(signal.SIGINT)
        assert run.end() == 130
        assert "Traceback" not in run.stderr
    finally:
        run.close()
