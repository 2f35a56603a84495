"""`products` and `clusters`: the lists of the market, in text and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Invoke = Callable[..., Result]


def test_products_are_listed_by_type_and_price(run: Invoke) -> None:
    shown = run("products", "--sim")
    assert (shown.exit_code, shown.stderr) == (0, "")
    lines = [line.split() for line in shown.stdout.splitlines()]
    assert lines[0][:4] == ["TYPE", "PRODUCT", "ID", "FREE"]
    assert [line[0] for line in lines[1:]] == ["gpu"] * 10 + ["cpu"] * 4 + ["serverless"] * 4
    rows = json.loads(run("products", "gpu", "--sim", "--json").stdout)
    assert [row["on_demand"] for row in rows] == sorted((row["on_demand"] for row in rows), key=float)
    assert rows[0] == {
        "type": "gpu",
        "name": "RTX 3090 24GB",
        "id": "3090.16c92g",
        "free": True,
        "on_demand": "0.21",
        "spot": "0.11",
        "monthly": [
            {"months": 1, "price": "136.08"},
            {"months": 3, "price": "385.56"},
            {"months": 6, "price": "725.76"},
            {"months": 12, "price": "1270.08"},
        ],
        "size": {"gpu_memory_gb": 24, "cores": 16, "ram_gb": 92, "root_disk": {"least": 10, "most": 2048}},
        "billing_modes": ["onDemand", "monthly", "spot"],
        "clusters": [],
    }


def test_a_product_of_another_type_is_refused(run: Invoke) -> None:
    refused = run("products", "tpu", "--sim")
    assert refused.exit_code == 1
    assert "'tpu' is not one of 'gpu', 'cpu', 'serverless'" in refused.stderr


def test_clusters_show_their_features_and_what_is_free(run: Invoke) -> None:
    shown = run("clusters", "--sim")
    assert (shown.exit_code, shown.stderr) == (0, "")
    (line,) = (line for line in shown.stdout.splitlines() if line.startswith("eu-de-1"))
    assert line == (
        "eu-de-1          EU-DE-01 (Germany)         Germany         network storage       A100 SXM 80GB, A6000 48GB, "
        "H100 SXM 80GB, L40S 48GB, RTX 3090 24GB, RTX 4090 24GB, RTX 6000 Ada 48GB"
    )
    rows = {row["id"]: row for row in json.loads(run("clusters", "--sim", "--json").stdout)}
    assert rows["us-ca-6"] == {
        "id": "us-ca-6",
        "name": "US-CA-06 (California)",
        "region": "California",
        "network_storage": False,
        "vpc": True,
        "free": ["A6000 48GB", "H200 SXM 141GB", "L40S 48GB", "RTX 3090 24GB", "RTX 4090 24GB", "RTX 5090 32GB"],
    }


def test_the_market_needs_a_key_and_no_state(run: Invoke, project: Path) -> None:
    (project / "state").mkdir()
    (project / "state" / "default.json").write_text("not a state")
    for command in ("products", "clusters", "models", "templates"):
        refused = run(command)
        assert refused.exit_code == 1
        assert "error: there is no API key; set NOVITA_API_KEY, or add --sim" in refused.stderr
    assert run("clusters", "--sim").stderr == ""
