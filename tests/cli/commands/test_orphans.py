"""`orphans` on the command line: the table, JSON, exit codes, adopting, deleting."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from rich.cells import cell_len

from novita_infra.cli.commands.state.orphans import listed_again
from novita_infra.operations.session import ProjectOptions
from novita_infra.simulator import open_world

TEMPLATE = """\
apiVersion: novita-infra/v1
kind: Template
metadata: {name: base}
spec: {image: "ubuntu:22.04", rootDiskGb: 60}
"""
Invoke = Callable[..., Result]


@pytest.fixture
def orphan(run: Invoke, project: Path) -> str:
    """A storage that was made here and that has no record in the state."""
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    id = json.loads(run("output", "--json").stdout)["dataId"]["value"]
    assert run("state", "rm", "network_storage.data").exit_code == 0
    return str(id)


def test_there_are_none_in_an_account_that_is_all_on_record(run: Invoke) -> None:
    run("apply", "--sim", "--auto-approve")
    ended = run("orphans", "--sim", "--detailed-exitcode")
    assert (ended.exit_code, ended.stdout) == (0, "No orphans: every live object of the account is in a state.\n")
    assert run("orphans", "--sim", "--json").stdout == "[]\n"


def test_an_object_without_record_is_listed_with_its_price(run: Invoke, orphan: str) -> None:
    ended = run("orphans", "--sim")
    assert ended.exit_code == 0
    head, row, _, total = ended.stdout.splitlines()
    assert head.split()[:4] == ["KIND", "ID", "NAME", "STATUS"]
    assert row.split()[:4] == ["network_storage", orphan, "data", "ready"]
    assert total.startswith("1 object in no state: $0.00167 per hour, $1.20 per month")
    assert run("orphans", "--sim", "--detailed-exitcode").exit_code == 2
    (message,) = json.loads(run("orphans", "--sim", "--json").stdout)
    assert (message["kind"], message["id"], message["gpu_use"], message["created"]) == (
        "network_storage",
        orphan,
        None,
        None,
    )
    assert message["per_hour"]["most"].startswith("0.0016666")


def test_a_hostile_name_forges_no_row_of_any_command(run: Invoke, project: Path, orphan: str) -> None:
    _rename(project, "x\ninstance 9999999999999999 fine running \x1b[2J\u202e日本")
    name = r"x\ninstance 9999999999999999 fine running \x1b[2J\u202e日本"
    head, row, _, total = run("orphans", "--sim").stdout.split("\n")[:4]
    assert row.startswith(f"network_storage  {orphan}  {name}  ready")
    assert cell_len(head.partition("STATUS")[0]) == cell_len(row.partition("ready")[0])
    assert total.startswith("1 object in no state: ")
    asked = run("orphans", "--sim", "--terminate", orphan)
    assert f"network_storage {orphan} ({name}) will be deleted" in asked.stderr
    assert run("import", "network_storage.data", orphan, "--sim").exit_code == 0
    quoted = name.replace("\\x1b", "\\u001b")
    assert f'      ~ name: "{quoted}" -> "data"  # update' in run("plan", "--sim").stdout
    assert f'        name: "{quoted}"\n' in run("state", "show", "network_storage.data").stdout
    assert f'<- name: "{quoted}" -> "data"' in run("why", "network_storage.data", "--sim").stdout
    json_text = run("plan", "--sim", "--json").stdout
    assert json_text.isascii()
    assert json.loads(json_text)


def test_an_orphan_is_adopted_by_its_name(run: Invoke, orphan: str) -> None:
    ended = run("orphans", "--sim", "--adopt", "network_storage.data")
    assert (ended.exit_code, f"Adopted: network_storage.data is {orphan}" in ended.stdout) == (0, True)
    assert "Nothing" not in run("plan", "--sim").stdout
    assert run("orphans", "--sim").stdout.startswith("No orphans")


def test_an_orphan_is_deleted_only_when_that_is_confirmed(run: Invoke, orphan: str) -> None:
    ended = run("orphans", "--sim", "--terminate", orphan)
    assert (ended.exit_code, "no question can be asked" in ended.stderr) == (1, True)
    assert orphan in run("orphans", "--sim").stdout
    ended = run("orphans", "--sim", "--terminate", orphan, "--auto-approve")
    assert (ended.exit_code, "Destroy complete: 1 deleted." in ended.stderr) == (0, True)
    assert run("orphans", "--sim").stdout.startswith("No orphans")


def test_deleting_speaks_terraforms_messages_with_json(run: Invoke, orphan: str) -> None:
    ended = run("orphans", "--sim", "--terminate", orphan, "--auto-approve", "--json")
    assert ended.exit_code == 0
    messages = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [item["type"] for item in messages] == ["apply_start", "apply_complete", "change_summary", "outputs"]
    assert run("orphans", "--sim", "--terminate", orphan, "--json").exit_code == 1


def test_what_is_on_record_or_not_there_is_not_deleted(run: Invoke) -> None:
    run("apply", "--sim", "--auto-approve")
    id = json.loads(run("output", "--json").stdout)["dataId"]["value"]
    for name in (id, "nothing"):
        ended = run("orphans", "--sim", "--terminate", name, "--auto-approve")
        assert (ended.exit_code, f"{name} is no orphan" in ended.stderr) == (1, True)


@pytest.mark.parametrize(
    "words", [("--adopt", "vpc.net", "--terminate", "x"), ("--id", "x"), ("--adopt", "nothing")], ids=" ".join
)
def test_wrong_uses_are_reported(run: Invoke, words: tuple[str, ...]) -> None:
    assert run("orphans", "--sim", *words).exit_code == 1


def test_the_state_of_another_project_is_named_with_an_option(run: Invoke, orphan: str, project: Path) -> None:
    other = project.parent / "other"
    other.mkdir()
    (other / "novita-infra.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: other}\nstate: {path: books}\n", encoding="utf-8"
    )
    assert run("orphans", "--sim", "--adopt", "network_storage.data").exit_code == 0
    (other / "books").mkdir()
    (project / "state" / "default.json").rename(other / "books" / "prod.json")
    shutil.rmtree(project / "state")
    assert orphan in run("orphans", "--sim").stdout
    for path in (other, other / "books", other / "books" / "prod.json"):
        assert run("orphans", "--sim", "--state", str(path)).stdout.startswith("No orphans")
    assert run("orphans", "--sim", "--state", "nowhere").exit_code == 1


def test_an_empty_folder_has_no_state_and_everything_is_an_orphan(run: Invoke, orphan: str, project: Path) -> None:
    for file in ("novita-infra.yaml", "fleet.yaml"):
        (project / file).unlink()
    assert orphan in run("orphans", "--sim").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--auto-approve",), "the question that --terminate asks"),
        (("--terminate", "x", "--detailed-exitcode"), "--detailed-exitcode is for the list"),
        (("--terminate", "x", "--lock-timeout", "5s"), "--lock-timeout is for --adopt"),
        (("--terminate", "--state", "books"), "--state is an option, not an ID"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_no_option_is_passed_over_without_a_word(words: tuple[str, ...], message: str, run: Invoke) -> None:
    ended = run("orphans", "--sim", *words)
    assert (ended.exit_code, message in ended.stderr) == (1, True)


def test_what_to_type_next_names_the_same_account_and_the_same_state(run: Invoke, orphan: str, project: Path) -> None:
    ended = run("orphans", "--sim", "--adopt", "network_storage.data")
    assert "what differs from its manifest: novita-infra plan --sim\n" in ended.stderr
    where, beside = ProjectOptions(path=Path("fleet"), sim=True, environment="dev"), (Path("my books"), Path("x.json"))
    command = listed_again(where, beside)
    assert command == "novita-infra orphans --sim --env dev fleet --state 'my books' --state x.json"


def test_ages_are_reported_in_the_time_of_an_account_that_is_ahead(run: Invoke, project: Path) -> None:
    skip(project, days=10)
    (project / "fleet.yaml").write_text(TEMPLATE, encoding="utf-8")
    project_file = project / "novita-infra.yaml"
    project_file.write_text(project_file.read_text(encoding="utf-8").partition("outputs:")[0], encoding="utf-8")
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    assert run("state", "rm", "template.base").exit_code == 0
    skip(project, days=2)
    (data,) = json.loads(run("orphans", "--sim", "--json").stdout)
    assert 2 * 86_400 <= data["age_seconds"] < 3 * 86_400
    assert "  2 d  " in run("orphans", "--sim").stdout


def _rename(project: Path, name: str) -> None:
    """Gives every storage another name, by hand in the console."""
    world = open_world(project / ".novita-infra" / "sim.db", now=time.time)
    for storage in world.storages:
        storage.name = name
        world.storages.touch(storage)
    world.save()
    world.close()


def skip(project: Path, *, days: int) -> None:
    """Lets time pass in the account alone."""
    world = open_world(project / ".novita-infra" / "sim.db", now=time.time)
    world.skip(days * 86_400)
    for payment in world.payments:
        world.payments.touch(payment)  # only what changes is written, and the time with it
    world.save()
    world.close()
