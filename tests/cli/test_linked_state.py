"""A linked state on the command line: every command that writes it keeps the link and writes beside its target."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from manifest_files import manifest

Invoke = Callable[..., Result]

PROJECT = "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: fleet}\n"
TEMPLATE = manifest("Template", "NAME", "  image: ubuntu:22.04\n  rootDiskGb: 60\n")


@pytest.fixture
def linked(run: Invoke, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An applied project of two templates whose state is a link; the target."""
    (project / "novita-infra.yaml").write_text(PROJECT)
    (project / "fleet.yaml").write_text(TEMPLATE.replace("NAME", "a") + TEMPLATE.replace("NAME", "b"))
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    shared = tmp_path_factory.mktemp("shared")
    (project / "state").rename(shared / "state")
    (project / "state").mkdir()
    (project / "state" / "default.json").symlink_to(shared / "state" / "default.json")
    return shared / "state" / "default.json"


def _addresses(state: Path) -> set[str]:
    return set(json.loads(state.read_text()).get("records", {}))


def _import(run: Invoke, linked: Path) -> Result:
    id = json.loads(linked.read_text())["records"]["template.a"]["id"]
    assert run("state", "rm", "template.a").exit_code == 0
    return run("import", "template.a", id, "--sim")


WRITERS: dict[str, tuple[Callable[[Invoke, Path], Result], set[str]]] = {
    "apply": (lambda run, _: run("apply", "--sim", "--auto-approve"), {"template.a", "template.b", "template.c"}),
    "destroy": (lambda run, _: run("destroy", "--sim", "--auto-approve"), set()),
    "state mv": (lambda run, _: run("state", "mv", "template.a", "template.z"), {"template.z", "template.b"}),
    "state rm": (lambda run, _: run("state", "rm", "template.a"), {"template.b"}),
    "import": (_import, {"template.a", "template.b"}),
}


@pytest.mark.parametrize("command", WRITERS)
def test_a_command_writes_the_target_of_a_linked_state(command: str, run: Invoke, project: Path, linked: Path) -> None:
    with (project / "fleet.yaml").open("a") as file:
        file.write(TEMPLATE.replace("NAME", "c") if command == "apply" else "")
    act, addresses = WRITERS[command]
    ended = act(run, linked)
    assert ended.exit_code == 0, ended.output
    link = project / "state" / "default.json"
    assert link.is_symlink()
    assert [path.name for path in link.parent.iterdir()] == ["default.json"]
    assert _addresses(linked) == addresses


def test_a_dangling_state_is_lost_state(run: Invoke, project: Path, linked: Path) -> None:
    linked.rename(linked.with_name("moved.json"))
    for words in (("plan",), ("apply", "--auto-approve"), ("destroy", "--auto-approve")):
        assert run(*words, "--sim").exit_code == 5
    assert not linked.exists()
    assert (project / "state" / "default.json").is_symlink()
