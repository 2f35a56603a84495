"""What the commands about the market print with --json fits the published schemas."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from click.testing import Result

SCHEMAS = Path(__file__).parents[4] / "schemas" / "results"
RUNS = {
    "offers": "offers",
    "offers --type serverless": "offers",
    "offers --billing monthly --count 2": "offers",
    "products": "products",
    "clusters": "clusters",
    "templates": "templates",
    "templates 101": "template",
    "models": "models",
    "models qwen/qwen3-max": "model",
}


@pytest.mark.parametrize("words", RUNS)
def test_the_json_of_the_market_fits_its_schema(words: str, run: Callable[..., Result]) -> None:
    shown = run(*words.split(), "--sim", "--json")
    assert (shown.exit_code, shown.stderr) == (0, "")
    schema = json.loads((SCHEMAS / f"{RUNS[words]}.json").read_text(encoding="utf-8"))
    data = json.loads(shown.stdout)
    assert data
    jsonschema.Draft202012Validator(schema).validate(data)
