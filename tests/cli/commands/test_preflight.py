"""Exit codes and words of what is found before the first call, over the command and over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import Result

from novita_infra.model.diagnostics import EXIT_BLOCKED, EXIT_REFUSED
from novita_infra.simulator import HandClock, World, open_world, scenario_named
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.serving import background

Invoke = Callable[..., Result]

MACHINE = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: trainer}
spec:
  product: {gpu: RTX 4090}
  image: ubuntu:22.04
"""


@contextmanager
def served(monkeypatch: pytest.MonkeyPatch, scenario: str = "calm") -> Iterator[World]:
    """A simulator that the command reaches over HTTP."""
    world = open_world(None, now=HandClock(1_760_000_000.0), scenario=scenario_named(scenario))
    with background(build_app(world)) as server:
        monkeypatch.setenv("NOVITA_API_URL", server.url)
        monkeypatch.setenv("NOVITA_API_KEY", "sk_test")
        yield world


def writes(world: World) -> list[str]:
    return [name for name in world.calls if not name.endswith((".list", ".get", ".balance", ".limit", ".quota"))]


@pytest.mark.parametrize("words", [("plan",), ("plan", "--json"), ("apply", "--auto-approve")])
def test_no_stock_is_exit_4_and_nothing_is_called(
    words: tuple[str, ...], project: Path, run: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "fleet.yaml").write_text((project / "fleet.yaml").read_text() + "---\n" + MACHINE)
    with served(monkeypatch, "no-stock") as world:
        result = run(*words)
        assert (result.exit_code, writes(world)) == (EXIT_BLOCKED, [])
    assert "no RTX 4090 24GB is free in any cluster" in result.output
    assert "waitForCapacity" in result.output


def test_an_empty_purse_is_exit_4_and_names_the_option(
    project: Path, run: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "fleet.yaml").write_text(MACHINE)
    (project / "novita-infra.yaml").unlink()
    with served(monkeypatch, "small-purse") as world:
        assert run("plan").exit_code == 0
        result = run("plan", "--runway", "8")
        assert (result.exit_code, writes(world)) == (EXIT_BLOCKED, [])
        assert "what the plan adds costs $2.80: $0.35/h for 8 h" in result.stderr
        assert "--runway HOURS" in result.stderr
        assert run("plan", "--runway", "long").exit_code == 1


@pytest.mark.parametrize(
    "words",
    [("plan",), ("apply", "--auto-approve"), ("destroy", "--auto-approve"), ("import", "network_storage.data", "x")],
)
def test_the_key_of_another_account_is_exit_5(
    words: tuple[str, ...], project: Path, run: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = project / "novita-infra.yaml"
    file.write_text(file.read_text() + "account: somebody-else\n")
    with served(monkeypatch) as world:
        result = run(*words)
        assert (result.exit_code, set(world.calls)) == (EXIT_REFUSED, {"keys.list"})
        assert f"the account somebody-else, and this key belongs to {world.owner}" in result.stderr
        file.write_text(file.read_text().replace("somebody-else", world.owner))
        assert run("plan").exit_code == 0


def test_a_project_with_an_account_can_be_rehearsed_on_its_own_simulator(project: Path, run: Invoke) -> None:
    file = project / "novita-infra.yaml"
    file.write_text(file.read_text() + "account: somebody-else\n")
    assert run("apply", "--sim", "--auto-approve").exit_code == 0


def test_a_broken_manifest_is_no_way_around_the_account(
    project: Path, run: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = project / "novita-infra.yaml"
    file.write_text(file.read_text() + "account: somebody-else\n")
    (project / "fleet.yaml").write_text("kind: [")
    with served(monkeypatch) as world:
        assert run("destroy", "--auto-approve").exit_code == EXIT_REFUSED
        assert set(world.calls) == {"keys.list"}


NETWORK = """\
apiVersion: novita-infra/v1
kind: VPC
metadata: {name: net}
spec: {cluster: us-dallas-nas-2}
"""


@pytest.mark.parametrize("resources", [[MACHINE], [NETWORK], [], [MACHINE, NETWORK]])
def test_a_limit_of_the_account_is_exit_4_and_tells_no_one_to_top_up(
    resources: list[str], project: Path, run: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = (project / "fleet.yaml").read_text()  # of 20 GB, where 10 are the most
    (project / "fleet.yaml").write_text("---\n".join([storage, *resources]))
    with served(monkeypatch, "quota-reached"):
        result = run("apply", "--auto-approve")
    assert result.exit_code == EXIT_BLOCKED
    assert result.output.count("ask Novita for a higher limit") >= 1 + len(resources)
    assert "top up" not in result.output
