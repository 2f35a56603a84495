"""The figures of a machine over time, in whatever order and form the answer has them."""

from __future__ import annotations

from typing import Any

import pytest

from novita_infra.account.metric_series import MetricSeries, series_in, series_request


def test_each_part_that_has_figures_is_a_series_in_the_order_of_time() -> None:
    answer = {
        "cpuUtilization": [{"timestamp": "1790000060", "value": 2}, {"timestamp": 1_790_000_000, "value": 1.5}],
        "memUtilization": [],
        "gpuUtilization": {
            "avg": [{"timestamp": "1790000000", "value": 3}],
            "gpuIds": [{"gpuId": "0", "items": [{"timestamp": "1790000000", "value": 4}]}, {"gpuId": "1", "items": []}],
        },
    }
    assert series_in(answer) == (
        MetricSeries("cpu", "", ((1_790_000_000, 1.5), (1_790_000_060, 2.0))),
        MetricSeries("gpu", "", ((1_790_000_000, 3.0),)),
        MetricSeries("gpu", "0", ((1_790_000_000, 4.0),)),
    )


@pytest.mark.parametrize(
    "answer", [None, "", [], {"cpuUtilization": None}, {"cpuUtilization": [{"timestamp": "x", "value": "many"}, 5]}]
)
def test_an_answer_without_figures_has_no_series(answer: Any) -> None:
    assert series_in(answer) == ()


def test_the_request_names_the_span_and_the_interval() -> None:
    request = series_request("i-1", start=100, interval=60)
    assert (request.method, request.path) == ("GET", "/openapi/v1/metrics/gpu/instance")
    assert dict(request.query) == {"instanceId": "i-1", "startTime": 100, "interval": 60}
