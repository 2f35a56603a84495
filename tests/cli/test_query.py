"""`--query` on every command with JSON: what it selects, and what it never hides."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from command_tree import commands_of

from novita_infra.cli import root

Invoke = Callable[..., Result]


def test_every_command_with_json_takes_a_query() -> None:
    options = {name: {option.name for option in command.params} for name, command in commands_of(root).items()}
    with_json = {name for name, names in options.items() if "as_json" in names}
    assert {"plan", "apply", "orphans", "balance", "state list"} <= with_json
    assert [name for name in sorted(with_json) if "query" not in options[name]] == []


@pytest.mark.parametrize(
    ("expression", "plain", "quoted"),
    [
        ("resource_changes[].address", "network_storage.data\n", '[\n  "network_storage.data"\n]\n'),
        ("resource_changes[0].address", "network_storage.data\n", '"network_storage.data"\n'),
        ("length(resource_changes)", "1\n", "1\n"),
        ("nothing", "", "null\n"),
        ("resource_changes[].{a: address}", None, None),
    ],
)
def test_it_selects_of_the_json(run: Invoke, expression: str, plain: str | None, quoted: str | None) -> None:
    told = run("plan", "--sim", "--query", expression)
    with_json = run("plan", "--sim", "--json", "--query", expression)
    assert (told.exit_code, with_json.exit_code) == (0, 0)
    if plain is None or quoted is None:
        assert json.loads(told.stdout) == json.loads(with_json.stdout) == [{"a": "network_storage.data"}]
    else:
        assert told.stdout == plain
        assert json.loads(with_json.stdout) == json.loads(quoted)


def test_the_messages_of_a_run_that_it_does_not_select_are_left_out(run: Invoke) -> None:
    ended = run("apply", "--sim", "--auto-approve", "--query", "hook.action && hook.resource.addr")
    assert ended.exit_code == 0
    assert set(ended.stdout.splitlines()) == {"network_storage.data"}


def test_a_wrong_expression_is_refused_before_anything_is_done(run: Invoke, project: Path) -> None:
    refused = run("apply", "--sim", "--auto-approve", "--query", "a[")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith("error: Invalid value for '--query': 'a[' is no JMESPath expression: ")
    assert not (project / ".novita-infra").exists()


@pytest.mark.parametrize(
    ("expression", "why"),
    [("nope(@)", "there is no function nope()"), ("[?a=", "Bad jmespath expression: Unknown token '='")],
)
def test_the_message_says_what_is_wrong_with_it(run: Invoke, expression: str, why: str) -> None:
    refused = run("balance", "--sim", "--query", expression)
    assert refused.exit_code == 1
    assert f"{expression!r} is no JMESPath expression: {why}" in refused.stderr


def test_a_function_that_does_not_fit_the_result_is_an_error_but_never_stops_a_run(run: Invoke) -> None:
    expression = "length(type) && abs(type)"
    ended = run("apply", "--sim", "--auto-approve", "--query", expression)
    assert (ended.exit_code, ended.stdout) == (0, "")
    failed = run("balance", "--sim", "--query", "abs(cash)")
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr.startswith("error: --query 'abs(cash)' does not fit the result: In function abs()")


def test_it_never_hides_an_error(run: Invoke, project: Path) -> None:
    (project / "fleet.yaml").write_text("kind: Nothing\n")
    for words in (["validate"], ["plan", "--sim"], ["apply", "--sim", "--auto-approve"]):
        failed = run(*words, "--query", "nothing")
        assert (failed.exit_code, failed.stdout) == (1, "")
        assert "fleet.yaml:1:7" in failed.stderr
        assert "error: " in failed.stderr


def test_a_text_stands_on_one_line_without_escape_codes(run: Invoke, project: Path) -> None:
    text = (project / "novita-infra.yaml").read_text().replace("us-ca-nas-2", '"a\\e[2Jb\\nc"')
    (project / "novita-infra.yaml").write_text(text)
    assert run("apply", "--sim", "--auto-approve").exit_code == 0
    shown = run("output", "--query", "place.value.cluster").stdout
    assert shown.count("\n") == 1
    assert "\x1b" not in shown
