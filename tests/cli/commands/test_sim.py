"""`sim`: the list of scenarios, serving one, running a command on one, and recording who talks to whom."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import Result
from local_store import LocalStore

import novita_infra
from novita_infra.cli.commands.simulator.sim.run import KEY, project_of
from novita_infra.model.addresses import Address
from novita_infra.model.records import Record
from novita_infra.simulator import SCENARIOS, Fault, HandClock, Trouble, open_world, scenario_of
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.serving import background
from novita_infra.testing.worlds import recorded_state

pytestmark = pytest.mark.process

HERE = str(Path(novita_infra.__file__).parents[1])
COMMAND = [sys.executable, "-m", "novita_infra"]
V1 = "/gpu-instance/openapi/v1"
WISH = '{"clusterId": "us-ca-nas-2", "storageName": "d", "storageSize": 10}'
MAKES_TWO = f"""
import os, urllib.request
for _ in range(2):
    headers = {{"Authorization": "Bearer " + os.environ["NOVITA_API_KEY"]}}
    url = os.environ["NOVITA_API_URL"] + "{V1}/networkstorage/create"
    urllib.request.urlopen(urllib.request.Request(url, data=b'{WISH}', headers=headers)).read()
raise SystemExit(7)
"""
WAITS = """
import signal, sys, time
signal.signal(signal.{}, lambda *_: sys.exit(5))
print("up", flush=True)
time.sleep(60)
"""

Invoke = Callable[..., Result]


@contextmanager
def started(*words: str, file_blocks: str = "unlimited") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command in a process of its own without a terminal, and the first line that it prints.

    No file that it writes has more blocks than `file_blocks`, as on a full disk.
    """
    environment = {**os.environ, "PYTHONPATH": HERE}
    with subprocess.Popen(
        ["/bin/sh", "-c", 'ulimit -f "$0"; exec "$@"', file_blocks, *COMMAND, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    """Its exit code and what it says on stderr once it gets the signal."""
    process.send_signal(number)
    _, said = process.communicate(timeout=20)
    return process.returncode, said


BEARER = {"Authorization": "Bearer sk_hunter"}


def get(address: str, path: str, **options: Any) -> httpx.Response:
    return httpx.get(f"{address}{V1}/{path}", headers=BEARER, timeout=20, **options)


# --- scenarios ---


def test_the_scenarios_are_listed_with_a_sentence_each(run: Invoke) -> None:
    lines = run("sim", "scenarios").stdout.splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [[name, one.says] for name, one in SCENARIOS.items()]


def test_as_json_each_scenario_comes_as_a_file_would_say_it(run: Invoke) -> None:
    said = json.loads(run("sim", "scenarios", "--json").stdout)["scenarios"]
    assert [asdict(scenario_of(one)) for one in said] == [asdict(one) for one in SCENARIOS.values()]


# --- serve ---


def test_serve_has_the_scenario_that_is_asked_for_and_records_it(project: Path) -> None:
    with started("sim", "serve", "--scenario", "no-stock", "--record", "calls.har") as (process, address):
        assert {product["inventoryState"] for product in get(address, "products").json()["data"]} == {"none"}
        assert ended(process, signal.SIGTERM)[0] == 0
    (entry,) = json.loads((project / "calls.har").read_text(encoding="utf-8"))["log"]["entries"]
    assert (entry["request"]["url"], entry["response"]["status"]) == (f"{address}{V1}/products", 200)


@pytest.mark.process
def test_an_account_without_room_is_reported_by_the_command_that_used_it(project: Path) -> None:
    storage = "kind: NetworkStorage\nmetadata: {name: s%d}\nspec: {cluster: us-ca-nas-2, sizeGb: 20}\n---\n"
    more = "".join(f"apiVersion: novita-infra/v1\n{storage % number}" for number in range(20))
    (project / "more.yaml").write_text(more.removesuffix("---\n"))
    with started("apply", "--sim", "--auto-approve", file_blocks="120") as (process, _):
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert said.endswith(
        "error: the simulator's account cannot be written to .novita-infra/sim.db: disk I/O error; "
        "make room; the simulator has lost its last changes, which the next plan shows\n"
    )
    assert (project / "state" / "default.json").exists()


@pytest.mark.process
@pytest.mark.parametrize("command", [("serve", "--record"), ("record", "--out")])
def test_a_recording_without_room_is_reported_and_the_server_goes_on(command: tuple[str, ...], project: Path) -> None:
    words = ("sim", *command, "calls.har", "--db", "account.db")
    with started(*words, file_blocks="100") as (process, address):
        for number in range(30):
            body = {"clusterId": "us-ca-nas-2", "storageName": f"s{number}", "storageSize": 10}
            made = httpx.post(f"{address}{V1}/networkstorage/create", json=body, headers=BEARER, timeout=20)
            assert made.status_code == 200
            assert get(address, "products").status_code == 200
        code, said = ended(process, signal.SIGTERM)
    assert code == 1
    assert "warning: the recording in calls.har ends here: File too large" in said
    assert "warning: the account cannot be written to account.db: " in said
    assert "Traceback" not in said
    assert said.count("warning:") == 2
    assert json.loads((project / "calls.har").read_text(encoding="utf-8"))["log"]["entries"]


@pytest.mark.parametrize("command", [("serve",), ("run", "--", "true"), ("record", "--out", "x.har")])
def test_what_is_wrong_with_a_scenario_is_reported_before_anything_runs(
    command: tuple[str, ...], run: Invoke, project: Path
) -> None:
    (project / "bad.yaml").write_text("name: bad\nsays: Bad.\nevents:\n  - {do: dance}\n")
    words = ["sim", command[0], "--scenario", "bad.yaml", *command[1:]]
    result = run(*words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "bad.yaml:4:10" in result.stderr
    assert "events[0].do" in result.stderr
    assert not (project / "x.har").exists()
    assert 'did you mean "chaos"' in run("sim", command[0], "--scenario", "kaos", *command[1:]).stderr


# --- run ---


@pytest.mark.parametrize(
    ("option", "values"),
    [
        ("--time-scale", ["0", "-1", "nan", "inf", "1e400", "1e-320", "1e308"]),
        ("--latency-ms", ["-1", "nan", "inf", "1e23"]),
        ("--port", ["-1", "65536", "99999", "1e3", "9" * 400]),
        ("--seed", ["1.5", "nan", "9" * 5000]),
    ],
)
def test_a_figure_that_makes_no_sense_is_refused_before_anything_runs(
    option: str, values: list[str], run: Invoke
) -> None:
    for value in values:
        refused = run("sim", "serve", option, value)
        assert refused.exit_code != 0
        assert f"Invalid value for '{option}'" in refused.stderr


def test_run_gives_the_code_of_the_command_and_tells_doubles_money_and_calls(run: Invoke, project: Path) -> None:
    (project / "novita-infra.yaml").unlink()
    result = run("sim", "run", "--report", "verdict.json", "--", sys.executable, "-c", MAKES_TWO)
    assert (result.exit_code, result.stdout) == (7, "")
    assert "orphans  not known: there is no state to compare 2 objects with (--project)" in result.stderr
    assert "1 object created more than once" in result.stderr
    assert "calls    2" in result.stderr
    assert "2  storages.create" in result.stderr
    data = json.loads((project / "verdict.json").read_text(encoding="utf-8"))
    assert (data["exitCode"], data["scenario"], data["orphans"]) == (7, "calm", None)
    assert [[one["name"] for one in group] for group in data["doubles"]] == [["d", "d"]]
    assert data["calls"] == {"storages.create": 2}
    assert data["spentUsd"] == f"0.{data['spent']:05d}"


def test_where_the_command_runs_in_a_project_its_state_finds_orphans(run: Invoke, project: Path) -> None:
    result = run("sim", "run", "--", sys.executable, "-c", MAKES_TWO)
    assert "orphans  2 of 2 objects in no state" in result.stderr


def test_an_apply_on_a_bad_day_leaves_nothing_behind_that_is_in_no_state(run: Invoke, project: Path) -> None:
    words = ("sim", "run", "--scenario", "lost-answers", "--seed", "3", "--record", "calls.jsonl", "--")
    result = run(*words, *COMMAND, "apply", "--auto-approve")
    assert result.exit_code == 0
    assert "orphans  none: 1 object, all in the state of ." in result.stderr
    assert "doubles  none" in result.stderr
    assert len((project / "calls.jsonl").read_text(encoding="utf-8").splitlines()) > 1
    assert "from-the-environment" not in (project / "calls.jsonl").read_text(encoding="utf-8")


def test_a_create_without_an_answer_is_reported(run: Invoke, project: Path) -> None:
    address = Address("network_storage", "data")
    store = LocalStore(project / "state" / "default.json")
    store.save(replace(store.load(), records={address: Record(address, "")}))
    result = run("sim", "run", "--report", "verdict.json", "--", "true")
    assert "the create of network_storage.data was not answered" in result.stderr
    assert json.loads((project / "verdict.json").read_text(encoding="utf-8"))["unanswered"] == [str(address)]


def test_a_state_that_cannot_be_read_keeps_neither_verdict_nor_code_back(run: Invoke, project: Path) -> None:
    (project / "state").mkdir()
    (project / "state" / "default.json").write_text("{")
    result = run("sim", "run", "--", sys.executable, "-c", MAKES_TWO)
    assert result.exit_code == 7
    assert "default.json" in result.stderr
    assert "orphans  not known" in result.stderr


def test_every_environment_counts_and_so_does_the_project_of_a_saved_plan(run: Invoke, project: Path) -> None:
    assert run("plan", "--sim", "--out", "saved.niplan").exit_code == 0
    for number, name in enumerate(("dev", "prod")):
        address = Address("network_storage", "data")
        store = LocalStore(project / "state" / f"{name}.json", environment=name)
        store.save(replace(store.load(), records={address: Record(address, f"id{number}", retired=(f"old{number}",))}))
    assert recorded_state(project).ids == {"id0", "id1", "old0", "old1"}
    assert recorded_state(project / "saved.niplan") == recorded_state(project / "fleet.yaml") == recorded_state(project)


def test_the_command_finds_the_simulator_in_its_environment(
    run: Invoke, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOVITA_INFRA_SIM", "1")
    monkeypatch.setenv("NO_PROXY", "example.com")
    code = "import json, os; json.dump(dict(os.environ), open('seen.json', 'w'))"
    result = run("sim", "run", "--", sys.executable, "-c", code)
    seen = json.loads((project / "seen.json").read_text(encoding="utf-8"))
    assert seen["NOVITA_API_URL"].startswith("http://127.0.0.1:")
    assert (seen["NOVITA_API_KEY"], seen["NO_PROXY"]) == (KEY, "example.com,127.0.0.1")
    assert "NOVITA_INFRA_SIM" not in seen
    assert "calls    none: the command did not call the simulator" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_goes_on_to_the_command_and_its_answer_counts(number: signal.Signals, project: Path) -> None:
    with started("sim", "run", "--", sys.executable, "-c", WAITS.format(number.name)) as (process, line):
        assert line == "up"
        code, said = ended(process, number)
    assert code == 5
    assert "Verdict on calm" in said


def test_a_command_that_a_signal_ends_gives_its_number_as_in_a_shell(run: Invoke, project: Path) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    assert run("sim", "run", "--", sys.executable, "-c", code).exit_code == 128 + signal.SIGKILL


def test_a_command_that_is_not_there_is_reported_in_one_line(run: Invoke, project: Path) -> None:
    result = run("sim", "run", "--", "no-such-command-at-all")
    assert result.exit_code == 1
    assert "there is no program no-such-command-at-all" in result.stderr


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("novita-infra", "plan"), "."),
        (("novita-infra", "apply", "--parallelism", "3", "other", "--auto-approve"), "other"),
        (("/some/bin/novita-infra", "state", "list", "other"), "other"),
        (("python3", "-m", "novita_infra", "destroy", "other"), "other"),
        (("novita-infra",), "."),
        (("novita-infra", "no-such"), "."),
        (("python3", "train.py"), "."),
    ],
)
def test_the_project_is_the_one_that_the_command_names(words: tuple[str, ...], found: str, project: Path) -> None:
    (project / "other").mkdir()
    assert project_of(words) == Path(found)


def test_without_a_project_there_is_no_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert project_of(("python3", "train.py")) is None


# --- record ---


def test_record_stands_between_a_client_and_an_api(project: Path) -> None:
    world = open_world(None, now=HandClock())
    with (
        background(build_app(world)) as api,
        started("sim", "record", "--target", api.url, "--out", "calls.jsonl") as (process, address),
    ):
        found = get(address, "products", params={"productName": "4090"})
        refused = httpx.post(f"{address}{V1}/networkstorage/create", content="{", timeout=20)
        api.do(lambda: world.faults.add(Fault(kind=Trouble.LOST)))
        lost = get(address, "clusters")
        assert ended(process, signal.SIGINT)[0] == 0
    assert (found.status_code, len(found.json()["data"])) == (200, 2)
    assert (refused.status_code, lost.status_code) == (401, 502)
    text = (project / "calls.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line)["response"]["status"] for line in text.splitlines()] == [200, 401, 502]
    assert "hunter" not in text
    world.close()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--target", "nonsense"), "'nonsense' is not the address of an API"),
        (("--target", "https://api.novita.ai/v3"), "is not the address of an API"),
        (("--target", "https://api.novita.ai", "--scenario", "calm"), "--scenario is about the simulator"),
    ],
)
def test_a_target_that_makes_no_sense_is_refused(
    words: tuple[str, ...], message: str, run: Invoke, project: Path
) -> None:
    result = run("sim", "record", "--out", "calls.har", *words)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
