"""The program of a hook: its input, its environment, its end, and its interruption."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from novita_infra.api.awaited import AwaitedCalls
from novita_infra.api.known_secrets import KnownSecrets
from novita_infra.hooks.failures import FailedHook, HookInterrupted
from novita_infra.hooks.running import HookRunner
from novita_infra.model.lifecycle import Hook, HookEvent, OnHookFailure
from novita_infra.notices.document import Notice, RunNotice

pytestmark = pytest.mark.process

NOTICE = Notice(
    event=HookEvent.BEFORE_APPLY, run=RunNotice(project="small", environment="default", command="apply"), time=0.0
)


def _hook(*words: str) -> Hook:
    return Hook(event=HookEvent.BEFORE_APPLY, words=words, on_failure=OnHookFailure.WARN)


def _runner(folder: Path, lines: list[str]) -> HookRunner:
    awaited = AwaitedCalls(lambda: 0.0, quiet_until=lambda: 0.0)
    known = KnownSecrets("c4n4ry\nin two lines")
    environ = {"PATH": os.environ["PATH"]}
    return HookRunner(folder=folder, environ=environ, known=known, awaited=awaited, report=lines.append)


def _run(folder: Path, hook: Hook) -> tuple[FailedHook | None, list[str]]:
    lines: list[str] = []
    return asyncio.run(_runner(folder, lines).run(hook, NOTICE)), lines


def test_a_hook_runs_in_the_folder_with_the_notice_and_the_environment_alone(tmp_path: Path) -> None:
    (tmp_path / "say.sh").write_text("#!/bin/sh\npwd; env | grep -c NOVITA; cat\n")
    (tmp_path / "say.sh").chmod(0o755)
    failed, lines = _run(tmp_path, _hook("say.sh"))
    assert failed is None
    assert lines[:2] == [f"[beforeApply say.sh] {tmp_path}", "[beforeApply say.sh] 0"]
    assert '"event": "beforeApply"' in lines[2]


def test_a_long_output_is_cut_and_a_secret_of_several_lines_is_hidden(tmp_path: Path) -> None:
    _, lines = _run(tmp_path, _hook("sh", "-c", "seq 300; printf 'c4n4ry\\nin two lines\\n\\033[31mred'"))
    assert len(lines) == 201
    assert "earlier lines are left out" in lines[0]
    assert lines[-2:] == ["[beforeApply sh] (secret)", "[beforeApply sh] [31mred"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("sh", "-c", "exit 7"), "it ended with exit code 7"),
        (("sh", "-c", "kill -9 $$"), "it was ended by SIGKILL"),
        (("sh", "-c", "echo c4n4ry; echo bad >&2; exit 1"), "it ended with exit code 1: bad"),
        (("nothing-of-the-kind",), "there is no program nothing-of-the-kind"),
    ],
)
def test_the_failure_of_a_hook_says_why(tmp_path: Path, words: tuple[str, ...], reason: str) -> None:
    failed, _ = _run(tmp_path, _hook(*words))
    assert failed is not None
    assert (failed.reason, failed.stops) == (reason, False)


def test_a_run_that_is_asked_to_stop_ends_the_hook(tmp_path: Path) -> None:
    async def stopped() -> None:
        stop = asyncio.Event()
        runner = _runner(tmp_path, [])

        async def ask() -> None:
            while not (tmp_path / "began").exists():  # noqa: ASYNC110 -- a process of its own makes it
                await asyncio.sleep(0.01)
            stop.set()

        asking = asyncio.ensure_future(ask())
        with pytest.raises(HookInterrupted):
            await runner.run(_hook("sh", "-c", "touch began; sleep 60; touch ended"), NOTICE, stop)
        await asking
        with pytest.raises(HookInterrupted):
            await runner.run(_hook("touch", "again"), NOTICE, stop)

    asyncio.run(stopped())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["began"]
