"""`models`: the language models, and one by its id."""

from __future__ import annotations

import json
from collections.abc import Callable

from click.testing import Result

Invoke = Callable[..., Result]


def test_models_show_context_prices_tiers_and_capabilities(run: Invoke) -> None:
    shown = run("models", "--sim")
    assert (shown.exit_code, shown.stderr) == (0, "")
    (line,) = (line for line in shown.stdout.splitlines() if line.startswith("qwen/qwen3-max "))
    assert line.split(maxsplit=7) == [
        "qwen/qwen3-max",
        "chat",
        "262144",
        "$1.20",
        "$6.00",
        "3",
        "no",
        "function-calling, structured-outputs, serverless",
    ]
    rows = {row["id"]: row for row in json.loads(run("models", "--sim", "--json").stdout)}
    assert rows["deepseek/deepseek-v3.2"]["batch"] is True
    assert rows["deepseek/deepseek-v3.2"]["input"] == "0.269"
    assert rows["baai/bge-m3"]["context"] is None


def test_a_model_is_shown_with_its_tiers(run: Invoke) -> None:
    facts = json.loads(run("models", "qwen/qwen3-max", "--sim", "--json").stdout)
    assert [tier["input"] for tier in facts["tiers"]] == ["1.2", "2.4", "3"]
    assert facts["tiers"][0]["least_tokens"] == 1
    shown = run("models", "qwen/qwen3-max", "--sim").stdout
    assert "Tiers:        from 1 tokens $1.20 and $6.00, from 32,001 tokens $2.40 and $12.00" in shown


def test_an_unknown_model_is_reported_with_the_nearest_one(run: Invoke) -> None:
    unknown = run("models", "deepseek/deepseek-v3.3", "--sim")
    assert (unknown.exit_code, unknown.stderr) == (
        1,
        'error: there is no language model "deepseek/deepseek-v3.3"; did you mean "deepseek/deepseek-v3.2"?\n',
    )
