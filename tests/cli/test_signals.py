"""Interruption, questions on a terminal, closed pipes and what nobody foresaw."""

from __future__ import annotations

import asyncio
import os
import pty
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import novita_infra
from novita_infra.api.errors import NoCapacity
from novita_infra.api.request import get
from novita_infra.applying.events import Ended, Outcome, Result
from novita_infra.cli.command import Command
from novita_infra.cli.commands.main.apply import exit_code_of
from novita_infra.cli.options import duration_option
from novita_infra.cli.signals import interruptible, stopping
from novita_infra.model.addresses import Address
from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.planning.plan.plan import Basis, Plan
from novita_infra.planning.plan.steps import Step, StepKind

pytestmark = pytest.mark.process

HERE = str(Path(novita_infra.__file__).parents[1])
COMMAND = [sys.executable, "-m", "novita_infra"]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": HERE, "TERM": "xterm"}


def _answering(words: list[str], answer: bytes) -> tuple[int, str]:
    """Runs the command on a terminal of its own and gives the answer where it asks."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=_environment(), start_new_session=True
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # the terminal closes with its last process
            break
        if not piece:
            break
        seen += piece
        if answer and b"Answer" in seen:
            os.write(ours, answer)
            answer = b""
    os.close(ours)
    return process.wait(), seen.decode()


@pytest.mark.parametrize(("answer", "code"), [(b"yes\n", 0), (b"y\n", 1), (b"\n", 1)])
def test_on_a_terminal_only_yes_is_accepted(project: Path, answer: bytes, code: int) -> None:
    ended, seen = _answering(["apply", "--sim"], answer)
    assert ended == code
    assert "Only 'yes' is accepted." in seen
    assert ("Apply complete" in seen) == (code == 0)
    assert "Traceback" not in seen
    assert (project / "state" / "default.json").exists() == (code == 0)


def test_an_interrupted_apply_says_what_moves_and_how_to_go_on(project: Path) -> None:
    (project / "fleet.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Instance\nmetadata: {name: data}\n"
        "spec: {product: {gpu: RTX 4090}, image: some/image, rootDiskGb: 20}\n"
    )
    (project / "novita-infra.yaml").write_text("apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: p}\n")
    environment = _environment()
    del environment["NOVITA_INFRA_VAR_note"]
    words = [*COMMAND, "apply", "--sim", "--auto-approve"]
    with subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stderr is not None
        for message in process.stderr:
            if "its id is" in message:
                process.send_signal(signal.SIGTERM)
                break
        rest = process.stderr.read()
    assert process.returncode == 130
    assert "stopping: no new step starts" in rest
    assert "In progress" in rest
    assert "Next: novita-infra apply --sim" in rest
    finished = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert finished.returncode == 0
    assert "Apply complete: 1 waited for." in finished.stderr


def test_a_reader_that_leaves_early_is_no_error_to_tell(project: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "explain", "Instance"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=_environment()
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    process.wait()


def test_the_first_interruption_asks_to_stop_and_the_second_ends_the_run() -> None:
    said: list[str] = []

    async def work() -> None:
        with stopping(said.append, leaving=lambda: said.append("left")) as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            await stop.wait()
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(work())
    assert [text.partition(":")[0] for text in said] == ["stopping", "left"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("closed", [BrokenPipeError(), ValueError("I/O operation on closed file")])
def test_who_leaves_at_once_leaves_though_nobody_hears_of_it(closed: Exception) -> None:
    def unheard(*_: str) -> None:
        raise closed

    async def work() -> None:
        with stopping(unheard, leaving=unheard) as stop:
            os.kill(os.getpid(), signal.SIGTERM)
            await stop.wait()
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.Event().wait()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(work())


def test_a_run_that_something_else_cancels_does_not_say_that_it_was_interrupted() -> None:
    said: list[str] = []

    async def work() -> None:
        with stopping(said.append, leaving=lambda: said.append("left")):
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(work())
    assert said == []


def test_a_third_interruption_of_a_run_that_hangs_tells_it_too() -> None:
    code = (
        "import asyncio, os, signal\n"
        "from novita_infra.cli.signals import stopping\n"
        "async def work():\n"
        "    with stopping(print, leaving=lambda: print('left', flush=True)):\n"
        "        for _ in range(3):\n"
        "            os.kill(os.getpid(), signal.SIGTERM)\n"
        "            try:\n"
        "                await asyncio.sleep(0.01)\n"
        "            except asyncio.CancelledError:\n"
        "                pass\n"
        "        await asyncio.sleep(50)\n"
        "asyncio.run(work())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=_environment(), check=False
    )
    assert ended.returncode == 130
    assert ended.stdout.splitlines()[-1] == "left"


def test_a_question_can_be_interrupted_even_in_a_coroutine() -> None:
    async def ask() -> None:
        with interruptible():
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(ask())


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30.0), ("5m", 300.0), ("1.5h", 5400.0), ("7", 7.0), ("1d", 86400.0)]
)
def test_durations_have_units(text: str, seconds: float) -> None:
    assert duration_option(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-1s", "5w"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        duration_option(text)


def _failing(failure: BaseException) -> tuple[int, str]:
    @click.command(cls=Command)
    def broken() -> int:
        raise failure

    result = CliRunner().invoke(broken, standalone_mode=False)
    code = result.return_value
    assert isinstance(code, int)
    return code, result.stderr


def test_problems_become_their_exit_code() -> None:
    assert _failing(Problems([Diagnostic("no", "do this")], code=5)) == (5, "error: no; do this\n")


def test_problems_of_several_tasks_are_all_reported() -> None:
    group = ExceptionGroup("several", [Problems([Diagnostic("a")]), Problems([Diagnostic("b")], code=4)])
    assert _failing(group) == (4, "error: a\nerror: b\n2 errors.\n")


def test_no_capacity_is_blocked() -> None:
    code, message = _failing(NoCapacity(get("/x"), status=400, reason="INSUFFICIENT_RESOURCE", text="none left"))
    assert code == 4
    assert "INSUFFICIENT_RESOURCE: none left (HTTP 400)" in message


def test_a_file_that_cannot_be_written_is_named() -> None:
    assert _failing(PermissionError(13, "Permission denied", "/x/y")) == (1, "error: /x/y: Permission denied\n")


def test_what_nobody_foresaw_is_one_line_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOVITA_INFRA_DEBUG", raising=False)
    code, message = _failing(ZeroDivisionError("hunter2"))
    assert code == 1
    assert message.count("\n") == 1
    assert message.startswith("error: internal error: ZeroDivisionError at test_signals.py:")
    assert "hunter2" not in message


def test_an_ended_task_is_an_interruption() -> None:
    assert _failing(asyncio.CancelledError()) == (130, "")


@pytest.mark.parametrize(
    ("outcomes", "interrupted", "code"),
    [
        ([(Outcome.DONE, 0)], False, 0),
        ([(Outcome.DONE, 0), (Outcome.FAILED, 0), (Outcome.SKIPPED, 0)], False, 1),
        ([(Outcome.FAILED, 4), (Outcome.FAILED, 4)], False, 4),
        ([(Outcome.FAILED, 4), (Outcome.FAILED, 0)], False, 1),
        ([(Outcome.SKIPPED, 0)], False, 1),
        ([(Outcome.FAILED, 4), (Outcome.MOVING, 0)], True, 130),
    ],
)
def test_a_run_ends_with_the_code_its_failures_agree_on(
    outcomes: list[tuple[Outcome, int]], interrupted: bool, code: int
) -> None:
    step = Step("vpc.net/create", Address("vpc", "net"), StepKind.CREATE)
    ends = tuple(Ended(step, outcome, code=asked) for outcome, asked in outcomes)
    plan = Plan("p", "dev", (), (), Basis("l", 1))
    assert exit_code_of(Result.of(plan, ends, interrupted=interrupted)) == code


def test_an_interrupted_plan_waits_for_no_policy_and_leaves_none_behind(project: Path) -> None:
    (project / "novita-infra.yaml").write_text(
        "apiVersion: novita-infra/v1\nkind: Project\nmetadata: {name: p}\n"
        "variables: {size: {type: integer, default: 20}}\n"
        "policies: [{file: slow.py, timeout: 10m}]\n"
    )
    (project / "slow.py").write_text(
        "import os, time\nopen('begun', 'w').write(str(os.getpid()))\ntime.sleep(600)\n", encoding="utf-8"
    )
    begun = project / "begun"
    words = [*COMMAND, "plan", "--sim"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_environment()) as process:
        while not (begun.exists() and begun.read_text()):
            assert process.poll() is None
            time.sleep(0.02)  # another process takes real time to begin
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(begun.read_text()), 0)


@pytest.mark.parametrize("closed", ["2>&-", ">&-", ">&- 2>&-"])
def test_a_closed_stream_is_no_reason_to_fail(closed: str, tmp_path: Path) -> None:
    shell = f"{shlex.join(COMMAND)} init {shlex.quote(str(tmp_path / 'demo'))} {closed}"
    assert subprocess.run(["sh", "-c", shell], check=False).returncode == 0
    assert "kind: Project" in (tmp_path / "demo" / "novita-infra.yaml").read_text()
