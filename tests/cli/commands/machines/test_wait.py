"""`wait`: a phase or an expression, its ends and exit codes, in text and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from machines_account import account, named

Invoke = Callable[..., Result]


def _rows(shown: Result) -> dict[str, Any]:
    return {item["address"] or item["id"]: (item["outcome"], item["reason"]) for item in json.loads(shown.stdout)}


def test_a_wait_ends_when_all_are_in_the_phase(run: Invoke, machines: Path) -> None:
    shown = run("wait", "instance.trainer", "endpoint.api", "--sim")
    assert shown.exit_code == 0
    assert [line.split()[:4] for line in shown.stdout.splitlines()] == [
        ["NAME", "WAIT", "PHASE", "STATUS"],
        ["instance.trainer", "met", "ready", "running"],
        ["endpoint.api", "met", "ready", "serving"],
    ]
    assert sorted(shown.stderr.splitlines()) == ["endpoint.api is serving", "instance.trainer is running"]


def test_what_is_started_elsewhere_is_waited_for(run: Invoke, machines: Path) -> None:
    assert run("instance", "start", "instance.spare", "--no-wait", "--sim").exit_code == 0
    shown = run("wait", "instance.spare", "--for", 'status == "running" && gpuCount >= 1', "--sim", "--json")
    assert (shown.exit_code, _rows(shown)) == (0, {"instance.spare": ("met", None)})


def test_the_exit_code_says_whether_the_time_is_over_or_it_cannot_be(run: Invoke, machines: Path) -> None:
    late = run("wait", "instance.*", "--for", "ready", "--timeout", "10s", "--sim", "--json")
    assert late.exit_code == 4
    assert _rows(late) == {
        "instance.trainer": ("met", None),
        "instance.spare": ("timed out", "it is stopped; novita-infra instance start instance.spare starts it"),
    }
    with account(machines) as world:
        spare = named(world, "spare")
        spare.status = "removed"
        world.instances.touch(spare)
    gone = run("wait", "instance.*", "--for", "stopped", "--timeout", "10s", "--sim", "--json")
    assert gone.exit_code == 1
    assert _rows(gone) == {"instance.trainer": ("timed out", None), "instance.spare": ("failed", "it does not exist")}
    assert run("wait", "instance.spare", "--for", "gone", "--sim").exit_code == 0


def test_an_expression_is_null_where_the_object_has_no_such_attribute(run: Invoke, machines: Path) -> None:
    for expression in ("endTime == null", "${phase == 'ready'}"):
        shown = run("wait", "instance.trainer", "--for", expression, "--timeout", "10m", "--sim")
        assert shown.exit_code == 0, shown.stderr
    absent = run("wait", "instance.trainer", "--for", 'endpoints["1/http"] == "x"', "--timeout", "5s", "--sim")
    assert absent.exit_code == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "Missing argument 'WORD...'"),
        (("instance.nothing",), "no object of this project is recorded as instance.nothing"),
        (
            ("label:by=ann",),
            "error: no object of this project has the label by=ann; known: team=research, team=web\n",
        ),
        (("label:team=wep",), 'no object of this project has the label team=wep; did you mean "team=web"?'),
        (("instance.trainer", "--for", "readyy"), "readyy is no phase, and no expression that is true or false; did"),
        (
            ("instance.trainer", "--for", 'statu == "x"'),
            'instance has no attribute statu: statu == "x"; did you mean "st',
        ),
        (("instance.trainer", "--for", "status =="), "status ==: a value is missing before its end"),
        (("instance.trainer", "--for", "status + 1"), "status + 1: a text and a number cannot be added"),
        (("instance.trainer", "--for", "${status} x"), "${status} x is more than one expression"),
        (("instance.trainer", "--for", 'file("/etc/passwd") == ""'), "file"),
        (("instance.trainer", "--for", 'var.size == "x"'), 'instance has no attribute var: var.size == "x"'),
        (("instance.trainer", "--timeout", "soon"), "soon"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_bad_conditions_are_reported(run: Invoke, machines: Path, words: tuple[str, ...], message: str) -> None:
    refused = run("wait", *words, "--sim")
    assert refused.exit_code in {1, 2}
    assert message in refused.stderr
    assert "Traceback" not in refused.output
