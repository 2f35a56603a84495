"""How far a transfer is: one line that changes on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import io
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from novita_infra.cli.live.amount_line import AmountLines


class HandClock:
    time = 100.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def lines(*, for_programs: bool = False) -> tuple[AmountLines, HandClock, list[str]]:
    clock, said = HandClock(), list[str]()
    renderer: Any = SimpleNamespace(for_programs=for_programs, note=said.append)
    return AmountLines(renderer, clock=clock), clock, said


def test_a_terminal_gets_one_line_that_changes_and_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = Terminal()
    monkeypatch.setattr(sys, "stderr", stderr)
    amounts, clock, said = lines()
    with amounts.shown():
        moved = amounts.transfer("sent", 60_000_000)
        for step in range(1, 11):
            clock.time += 0.125
            moved(step * 6_000_000)
    assert stderr.getvalue().split("\r\x1b[K")[1:] == [
        *(f"sent: {mb} of 60.0 MB" for mb in ("12.0", "24.0", "36.0", "48.0", "60.0")),
        "",
    ]
    assert said == []


@pytest.mark.parametrize("stderr", [io.StringIO, Terminal])
def test_others_get_a_line_in_most_of_a_minute(monkeypatch: pytest.MonkeyPatch, stderr: Any) -> None:
    stream = stderr()
    monkeypatch.setattr(sys, "stderr", stream)
    amounts, clock, said = lines(for_programs=True)
    with amounts.shown():
        rows, bytes_ = amounts.part("joined", 0, unit="rows"), amounts.transfer("sent", 5)
        for step in range(100):
            clock.time += 1
            rows(step * 1000)
            bytes_(step)
    assert said == ["joined: 49,000 rows", "joined: 99,000 rows"]
    assert stream.getvalue() == ""
