"""`whoami`, `keys`, `quota` and `budgets`, in text and JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import jsonschema
import pytest
from click.testing import Result

from novita_infra.views.result_schemas import result_schemas

Invoke = Callable[..., Result]
OWNER = "owner@example.com"


def _words(result: Result) -> list[list[str]]:
    assert (result.exit_code, result.stderr) == (0, "")
    return [re.split(r"  +", line) for line in result.stdout.splitlines()]


def test_whoami_names_account_key_and_member(run: Invoke) -> None:
    shown = run("whoami", "--sim")
    assert (shown.exit_code, shown.stderr) == (0, "")
    facts = json.loads(run("whoami", "--sim", "--json").stdout)
    assert shown.stdout.splitlines() == [
        "Cloud:   simulator",
        f"Account: {facts['account']}",
        "Key:     key-1",
        f"Key id:  {facts['key_ids'][0]}",
        "Mask:    sk_sim***",
        f"Member:  {facts['member']}",
        f"E-mail:  {OWNER}",
        "Role:    Owner",
        "Status:  Active",
    ]


def test_keys_show_which_models_they_may_call(run: Invoke) -> None:
    rows = _words(run("keys", "--sim"))
    assert rows[0] == ["NAME", "ID", "KEY", "IN USE", "CREATED", "LAST USED", "MODELS"]
    assert (rows[-1][0], *rows[-1][2:4], *rows[-1][5:]) == ("key-1", "sk_sim***", "yes", "-", "all")


def test_quota_shows_rates_bounds_and_counts(run: Invoke) -> None:
    assert _words(run("quota", "qwen/qwen3-max", "--sim"))[1] == [
        "llm",
        "qwen/qwen3-max",
        "requests a minute",
        "6,000",
        "-",
        "30 / 100 / 1,000 / 3,000 / 6,000",
    ]
    assert _words(run("quota", "maxWorkerNum", "--sim"))[1] == ["endpoint", "maxWorkerNum", "bound", "50", "-", "-"]
    assert _words(run("quota", "prewarm", "--sim"))[1] == ["image_prewarm", "image_prewarm", "objects", "5", "0", "-"]
    assert run("quota", "nothing", "--sim").stdout == "The API lists no limit of that name.\n"


def test_a_budget_is_set_and_checked(run: Invoke) -> None:
    limit = ("--limit", "5.5", "--once", "--auto-approve", "--sim")
    shown = run("budgets", "set", "key", "key-1", *limit)
    assert shown.exit_code == 0
    assert re.fullmatch(r"key key-1 \(key_[0-9a-f]+\): unlimited becomes \$5\.50 once\n", shown.stderr)
    assert run("budgets", "check", "key", "key-1", "--cost", "5.5", "--sim").stdout == "Enough: yes\n"
    assert run("budgets", "check", "key", "key-1", "--cost", "5.5001", "--sim").stdout == "Enough: no\n"
    assert run("budgets", "check", "member", OWNER, "--sim").stdout == "Enough: yes\n"
    monthly = run("budgets", "set", "member", OWNER, "--limit", "50", "--monthly", "--auto-approve", "--json", "--sim")
    (row,) = json.loads(monthly.stdout)
    assert (row["type"], row["limit"], row["remaining"], row["role"]) == ("Recurring", "50", "50", "Owner")
    rows = _words(run("budgets", "list", "--sim"))
    assert [row[0] for row in rows] == ["OF", "member", *["key"] * 4]
    assert "$50.00" in rows[1]
    assert "$5.50" in rows[-1]
    assert run("budgets", "set", "member", OWNER, "--unlimited", "--auto-approve", "--sim").exit_code == 0
    assert json.loads(run("budgets", "list", "--json", "--sim").stdout)[0]["limit"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("member", OWNER), "the budget has no type; add --monthly, --once or --unlimited"),
        (("member", OWNER, "--once"), "--once needs a limit; such as --limit 50"),
        (("member", OWNER, "--unlimited", "--limit", "5"), "--unlimited has no --limit; such as --limit 50"),
        (
            ("member", OWNER, "--once", "--limit", "0.9999"),
            "a budget of $0.9999 is too small; --limit 1 or more, or --unlimited",
        ),
        (
            ("member", OWNER, "--once", "--limit", "5.00001"),
            "Invalid value for '--limit': \"5.00001\" is no amount of USD: write one such as 50 or 12.5",
        ),
        (
            ("member", OWNER, "--unlimited", "--auto-approve", "--json", "--query", "x", "--once"),
            "--once needs a limit",
        ),
        (("member", OWNER, "--unlimited", "--json"), "--json cannot ask"),
        (("member", OWNER, "--unlimited"), "no question can be asked: stdin is not a terminal"),
        (("member", "owner@example.con", "--unlimited"), f'did you mean "{OWNER}"?'),
        (("key", "key-2", "--unlimited"), "there is no key key-2"),
        (("team", OWNER, "--unlimited"), "'team' is not one of 'member', 'key'"),
    ],
)
def test_a_budget_that_cannot_be_set_is_explained(run: Invoke, words: tuple[str, ...], message: str) -> None:
    refused = run("budgets", "set", *words, "--sim")
    assert refused.exit_code == 1
    assert message in refused.stderr + refused.stdout


def test_what_is_printed_for_programs_fits_the_schemas(run: Invoke) -> None:
    schemas = result_schemas()
    for words, name in (
        (("whoami",), "whoami"),
        (("keys",), "keys"),
        (("quota",), "quota"),
        (("budgets", "list"), "budgets"),
        (("budgets", "check", "member", OWNER), "budget_check"),
    ):
        jsonschema.validate(json.loads(run(*words, "--sim", "--json").stdout), schemas[name])


def test_the_models_of_a_key_are_set_and_reset(run: Invoke) -> None:
    def policy(*words: str) -> dict[str, object]:
        shown = run("keys", "key-1", *words, "--sim", "--json")
        assert shown.exit_code == 0, shown.output
        data = json.loads(shown.stdout)
        jsonschema.validate(data, result_schemas()["key_policy"])
        return {name: data[name] for name in ("mode", "allowed", "excluded", "source")}

    default = {"mode": "all_enabled", "allowed": [], "excluded": [], "source": "default"}
    assert policy() == default
    own = {**default, "source": "private_policy"}
    model = "qwen/qwen3-max"
    assert policy("--allow", model, "--allow", model, "--auto-approve") == {
        **own,
        "mode": "selected",
        "allowed": [model],
    }
    assert run("keys", "key-1", "--sim").stdout.splitlines()[2:] == [
        "May call: qwen/qwen3-max",
        "Policy:   private_policy",
    ]
    assert "1 selected" in run("keys", "--sim").stdout
    shown = run("keys", "key-1", "--exclude", model, "--auto-approve", "--sim")
    assert shown.stderr.endswith(") may call qwen/qwen3-max now.\n")
    assert "May call: all models but qwen/qwen3-max\n" in shown.stdout
    assert "all but 1" in run("keys", "--sim").stdout
    assert policy("--all-models", "--auto-approve") == own
    assert policy("--default", "--auto-approve") == default


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--allow", "m"), "no key is named; novita-infra keys lists them"),
        (("key-1", "--allow", "m", "--default"), "exclude each other; choose one"),
        (("key-1", "--auto-approve"), "--auto-approve answers the question before a change; leave it out"),
        (("key-1", "--default", "--json"), "--json cannot ask"),
        (("key-1", "--default"), "no question can be asked: stdin is not a terminal"),
        (("key-2",), 'there is no key key-2; did you mean "key-1"?'),
        (("key-1", "--allow", "acme/none", "--auto-approve"), "acme/none is not available"),
    ],
)
def test_models_that_cannot_be_set_are_explained(run: Invoke, words: tuple[str, ...], message: str) -> None:
    refused = run("keys", *words, "--sim")
    assert refused.exit_code == 1
    assert message in refused.stderr + refused.stdout
