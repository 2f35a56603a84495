"""What the figures of a machine tell of the use of its GPUs."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.account.metrics import WINDOW, GpuUse, last_use, metrics_request
from novita_infra.api.json_values import created_in

NOW = 1_790_000_000.0


def _figures(*values: float, every: int = 900) -> list[dict[str, Any]]:
    first = int(NOW) - every * (len(values) - 1)
    return [{"timestamp": str(first + every * index), "value": value} for index, value in enumerate(values)]


def _answer(avg: Any = None, gpus: Any = None) -> dict[str, Any]:
    return {"gpuUtilization": {"avg": avg, "gpuIds": gpus}}


def test_the_request_asks_for_the_whole_window() -> None:
    request = metrics_request("i-1", now=NOW)
    assert request.path == "/openapi/v1/metrics/gpu/instance"
    assert request.query == {"instanceId": "i-1", "startTime": NOW - WINDOW, "endTime": NOW, "interval": 900}


def test_the_last_use_is_that_of_the_last_figure_above_nothing() -> None:
    assert last_use(_answer(_figures(80, 40, 0.4, 0)), now=NOW) == GpuUse(last=NOW - 1800, since=NOW - 3600)


def test_one_gpu_of_several_is_enough() -> None:
    gpus = [{"gpuId": "0", "items": _figures(0, 0)}, {"gpuId": "1", "items": _figures(50, 0)}]
    found = last_use(_answer([], gpus), now=NOW)
    assert found is not None
    assert found.last == NOW - 900


def test_what_was_never_used_says_since_when_and_never_longer_than_was_asked() -> None:
    assert last_use(_answer(_figures(0, 0, 0)), now=NOW) == GpuUse(last=None, since=NOW - 2700)
    assert last_use(_answer(_figures(0, 0, every=WINDOW)), now=NOW) == GpuUse(last=None, since=NOW - WINDOW)


@pytest.mark.parametrize(
    "answer",
    [None, {}, [], "x", _answer(), _answer([{}]), _answer([{"timestamp": "x", "value": 3}]), _answer({"a": 1})],
)
def test_without_figures_nothing_is_known(answer: Any) -> None:
    assert last_use(answer, now=NOW) is None


@pytest.mark.parametrize(
    ("answered", "seconds"),
    [
        ("1700000000", 1_700_000_000.0),
        (1_700_000_000, 1_700_000_000.0),
        ("1700000000000", 1_700_000_000.0),
        ("2025-08-11T16:31:52+08:00", 1_754_901_112.0),
        ("2025-01-01 00:00:00", 1_735_689_600.0),
        ("9" * 400, 0.0),
        ("soon", 0.0),
        (-5, 0.0),
        (None, 0.0),
        ([], 0.0),
    ],
)
def test_when_an_object_was_made_is_read_in_every_spelling(answered: Any, seconds: float) -> None:
    assert created_in({"createdAt": answered}) == seconds
    assert created_in({"createTime": answered}) == seconds
