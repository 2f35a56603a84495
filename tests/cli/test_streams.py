"""Output that cannot be written: full disks, dead terminals, readers that left, descriptors that do not block."""

from __future__ import annotations

import errno
import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest
from command_tree import command_names
from processes import COMMAND, environment
from receivers import receiver

from novita_infra.cli import main, root, streams

FULL = Path("/dev/full")
needs_full = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")

LOST = "error: the output cannot be written: No space left on device\n"

MACHINE = """\
apiVersion: novita-infra/v1
kind: Instance
metadata: {name: web}
spec: {image: nginx, product: {gpu: RTX 4090}, gpuCount: 1, rootDiskGb: 20}
"""

NOTIFIED = """\
apiVersion: novita-infra/v1
kind: Project
metadata: {name: notified}
notifications: [{events: [apply], slack: {url: {fromEnv: HOOK_URL}}}]
"""
RUNS: dict[str, tuple[str, int]] = {
    "init": ("new", 1),
    "validate": ("", 1),
    "fmt": ("", 1),
    "completion": ("bash", 1),
    "plan": ("--sim --out p.niplan", 1),
    "apply": ("--sim --auto-approve", 1),
    "offers": ("--sim", 1),
    "products": ("--sim", 1),
    "clusters": ("--sim", 1),
    "templates": ("--sim", 1),
    "models": ("--sim", 1),
    "chat": ("qwen/qwen3-max Hello --sim", 1),
    "complete": ("meta-llama/llama-3.1-8b-instruct Once --sim", 1),
    "embed": ("baai/bge-m3 text --sim", 1),
    "rerank": ("baai/bge-reranker-v2-m3 query document --sim", 1),
    "image-models": ("--sim", 1),
    "task submit": ("txt2img --data {{}} --sim", 1),
    "webhook listen": ("--port 0 --sim --json -- no-such-program", 1),
    "task get": ("nothing --sim --json", 1),
    "task wait": ("nothing --sim --json", 1),
    "endpoint run": ("nothing --data {{}} --sim --json", 1),
    "endpoint status": ("nothing job --sim --json", 1),
    "endpoint cancel": ("nothing job --sim --json", 1),
    "endpoint health": ("nothing --sim --json", 1),
    "endpoint purge": ("nothing --auto-approve --sim --json", 1),
    "api": ("GET /gpu-instance/openapi/v1/clusters --sim", 1),
    "balance": ("--sim", 1),
    "sweep": ("--sim --dry-run", 1),
    "files list": ("--sim", 1),
    "files get": ("nothing --sim --json", 1),
    "files content": ("nothing --sim --json", 1),
    "files upload": ("nothing --sim --json", 1),
    "files delete": ("nothing --auto-approve --sim --json", 1),
    "batches list": ("--sim", 1),
    "batches get": ("nothing --sim --json", 1),
    "batches cancel": ("nothing --sim --json", 1),
    "batches results": ("nothing --sim --json", 1),
    "batches check": ("nothing --sim --json", 1),
    "ps": ("--sim", 1),
    "whoami": ("--sim", 1),
    "v2": ("--sim", 1),
    "keys": ("--sim", 1),
    "quota": ("--sim", 1),
    "budgets list": ("--sim", 1),
    "budgets set": ("member owner@example.com --unlimited --auto-approve --sim", 1),
    "budgets check": ("member owner@example.com --sim", 1),
    "billing usage": ("--sim", 1),
    "spend": ("--sim", 1),
    "doctor": ("--sim", 1),
    "billing fixed-term": ("--sim", 1),
    "billing keys": ("--sim", 1),
    "billing monthly": ("--sim", 1),
    "billing transactions": ("--sim", 1),
    "drift": ("--sim", 1),
    "report": ("--sim", 1),
    "show": ("", 1),
    "output": ("", 1),
    "graph": ("", 1),
    "modules install": ("", 1),
    "modules update": ("", 1),
    "render": ("", 1),
    "why": ("network_storage.data --sim", 1),
    "explain": ("Instance", 1),
    "schema": ("", 1),
    "orphans": ("--sim", 1),
    "logs": ("instance.web --sim", 1),
    "metrics": ("instance.web --sim", 1),
    "ssh": ("instance.web --sim --print", 1),
    "ssh-config": ("--sim", 1),
    "cp": ("a instance.web:b --sim --print", 1),
    "port-forward": ("instance.web 80 --sim --print", 1),
    "wait": ("instance.web --sim", 1),
    "idle": ("--sim", 1),
    "jobs": ("--sim", 1),
    "job break": ("nothing --sim --json", 1),
    "instance web-terminal": ("instance.web --sim", 1),
    "images list": ("--sim", 1),
    "images delete": ("nothing --sim --json", 1),
    "instance save-image": ("instance.web docker.io/team/saved:1 --sim", 0),
    "instance restart": ("instance.web --sim", 0),
    "instance migrate": ("instance.web --sim --auto-approve", 0),
    "instance stop": ("instance.web --sim --auto-approve", 0),
    "instance start": ("instance.web --sim", 0),
    "instance renew": ("instance.web --months 1 --sim --json", 1),
    "state list": ("", 1),
    "state show": ("network_storage.data", 1),
    "state mv": ("network_storage.data network_storage.other", 1),
    "state rename": ("small/default", 1),
    "state history": ("", 1),
    "state restore": ("--serial {serial} --dry-run", 1),
    "state fsck": ("", 1),
    "audit show": ("", 1),
    "notifications test": ("--project {notified}", 1),
    "audit verify": ("", 1),
    "state repair": ("--dry-run", 0),
    "state pull": ("", 1),
    "state push": ("state/default.json --dry-run", 1),
    "state migrate": ("--to local --set path=elsewhere --dry-run", 1),
    "state lock list": ("", 1),
    "state lock break": ("", 0),
    "state rm": ("network_storage.other", 1),
    "import": ("network_storage.data {id} --sim", 1),
    "destroy": ("--sim --auto-approve --allow-data-loss *", 1),
    "ci init": ("github --check", 1),
    "ci plan": ("--sim --json", 1),
    "ci apply": ("--sim --json", 1),
    "ci drift": ("--sim --json", 1),
    "sim serve": ("", 1),
    "sim record": ("--out log.har", 1),
    "sim run": ("-- true", 0),
    "sim scenarios": ("", 1),
    "sim reset": ("", 1),
}
"""The words of a run of each command that writes a result, in an order in which all are possible, and the exit code
without room for the output. The result of `sim run` is on stderr."""

Ends = Callable[..., tuple[int, str]]


@pytest.fixture
def ends(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ends:
    """Runs the command as a process would, with the given streams; its exit code, and its stderr if none is given."""

    def run(*words: str, stdout: TextIO, stderr: TextIO | None = None) -> tuple[int, str]:
        errors = tmp_path / "errors"
        with errors.open("w") as own:
            monkeypatch.setattr(sys, "argv", ["novita-infra", *words])
            monkeypatch.setattr(sys, "stdout", stdout)
            monkeypatch.setattr(sys, "stderr", stderr or own)
            with pytest.raises(SystemExit) as end:
                main()
            sys.stderr.flush()
        assert isinstance(end.value.code, int)
        return end.value.code, errors.read_text()

    return run


def test_every_command_is_run_without_room_for_its_output() -> None:
    assert set(command_names(root)) == RUNS.keys()


@needs_full
def test_no_command_hides_that_its_output_is_lost(
    ends: Ends, project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = serial = ""
    (project / "machine.yaml").write_text(MACHINE)
    with FULL.open("w") as full, receiver() as hook:
        monkeypatch.setenv("HOOK_URL", hook.address)
        notified = tmp_path_factory.mktemp("notified")
        (notified / "novita-infra.yaml").write_text(NOTIFIED)
        for command, (words, code) in RUNS.items():
            got, stderr = ends(
                *command.split(), *words.format(id=id_, serial=serial, notified=notified).split(), stdout=full
            )
            assert (command, got) == (command, code), stderr
            assert stderr.count(LOST) == code, command
            assert "Traceback" not in stderr
            assert "internal error" not in stderr
            if command == "state show":
                id_ = _recorded_id(ends, project)
                serial = json.loads((project / "state" / "default.json").read_text())["serial"]
        for words in ("--version", "--help", "plan --help", "plan --sim --json", "validate --json", "--nonsense"):
            got, stderr = ends(*words.split(), stdout=full)
            assert (words, got, stderr.count(LOST)) == (words, 1, words != "--nonsense")


def _recorded_id(ends: Ends, folder: Path) -> str:
    out = folder / "list"
    with out.open("w") as stream:
        ends("state", "list", "--json", stdout=stream)
    return next(str(item["id"]) for item in json.loads(out.read_text()) if item["address"] == "network_storage.data")


@needs_full
def test_an_apply_without_room_for_any_output_completes(ends: Ends, project: Path) -> None:
    with FULL.open("w") as full:
        for options in ((), ("--json",)):
            code, _ = ends("apply", "--sim", "--auto-approve", *options, stdout=full, stderr=full)
            assert code == 1
            assert (project / "state" / "default.json").exists()
            with (project / "out").open("w") as out:
                code, _ = ends("destroy", "--sim", "--auto-approve", "--allow-data-loss", "*", stdout=out, stderr=full)
            assert code == 0


def test_a_reader_that_leaves_early_changes_no_exit_code(ends: Ends, project: Path) -> None:
    for words, code in (("explain Instance", 0), ("plan --sim --detailed-exitcode", 2), ("validate nowhere", 1)):
        reading, writing = os.pipe()
        os.close(reading)
        with os.fdopen(writing, "w") as pipe:
            assert ends(*words.split(), stdout=pipe, stderr=pipe)[0] == code


def test_an_apply_outlives_its_terminal(ends: Ends, project: Path) -> None:
    ours, theirs = pty.openpty()
    os.close(ours)
    with os.fdopen(theirs, "w") as terminal:
        code, _ = ends("apply", "--sim", "--auto-approve", stdout=terminal, stderr=terminal)
    assert code == 1
    assert '"network_storage.data"' in (project / "state" / "default.json").read_text()


def test_a_plan_that_could_not_be_shown_is_not_asked_about(
    ends: Ends, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs) as terminal, FULL.open("w") as full:
        monkeypatch.setattr(sys, "stdin", terminal)
        code, stderr = ends("apply", "--sim", stdout=full)
    os.close(ours)
    assert code == 1
    assert "no question can be asked: the plan could not be shown" in stderr
    monkeypatch.setattr(sys, "stdin", None)
    with (project / "out").open("w") as out:
        assert "stdin is not a terminal" in ends("apply", "--sim", stdout=out)[1]


def test_a_stream_that_does_not_block_waits_for_its_reader() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with os.fdopen(writing, "w") as pipe, os.fdopen(reading, "rb") as reader:
        stream = streams._protected(pipe)
        got: list[int] = []
        thread = threading.Thread(target=lambda: got.append(len(reader.read(300_000))))
        thread.start()
        stream.write("x" * 300_000)
        stream.flush()
        thread.join()
    assert got == [300_000]


@needs_full
def test_a_stream_keeps_its_first_failure_and_drops_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    with FULL.open("w", encoding="latin-1") as full:
        stream = streams._protected(full)
        monkeypatch.setattr(sys, "stdout", stream)
        assert streams.output_failure() is None
        for _ in range(3):
            stream.write("\ud800 ∑" * 10_000)
        failure = streams.output_failure()
        assert failure is not None
        assert failure.errno == errno.ENOSPC
        stream.close()


@needs_full
@pytest.mark.process
def test_a_process_whose_output_is_lost_ends_with_one_message() -> None:
    with FULL.open("w") as full:
        ended = subprocess.run(
            [*COMMAND, "--version"], stdout=full, stderr=subprocess.PIPE, env=environment(), text=True, check=False
        )
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 2)
    assert ended.stderr.startswith(LOST)
