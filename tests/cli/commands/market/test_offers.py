"""`offers`: what is free where and at what price, in text and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

Invoke = Callable[..., Result]


def _rows(run: Invoke, *options: str) -> list[dict[str, Any]]:
    shown = run("offers", "--sim", "--json", *options)
    assert (shown.exit_code, shown.stderr) == (0, "")
    rows: list[dict[str, Any]] = json.loads(shown.stdout)
    return rows


def test_offers_are_a_table_by_price_with_the_lines_of_a_manifest(run: Invoke) -> None:
    shown = run("offers", "--sim", "--gpu", "5090", "--count", "2")
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert (
        shown.stdout
        == """\
PRODUCT        ID           CLUSTER          FREE  PER HOUR  SPOT  MONTHLY     VRAM GB  DISK GB  FEATURES
RTX 5090 32GB  5090.16c96g  us-ca-6          yes   $1.00     -     $324.00/mo  32       10-2048  VPC
RTX 5090 32GB  5090.16c96g  us-ca-nas-2      yes   $1.00     -     $324.00/mo  32       10-2048  network storage, VPC
RTX 5090 32GB  5090.16c96g  us-dallas-nas-2  yes   $1.00     -     $324.00/mo  32       10-2048  network storage, VPC

For the first that is free, in the spec of an Instance:
  product: {gpu: RTX 5090 32GB}
  cluster: us-ca-6
  gpuCount: 2

Clusters:
  us-ca-6: US-CA-06 (California)
  us-ca-nas-2: US-CA-02 (California)
  us-dallas-nas-2: US-01 (Dallas)
"""
    )


def test_the_table_of_offers_ends_after_twenty_rows_and_says_how_many_there_are(run: Invoke) -> None:
    short = run("offers", "--sim").stdout.splitlines()
    assert (len(short[1:21]), short[21]) == (20, "74 more offers (38 gpu and 36 cpu): --limit 0 shows all.")
    whole = run("offers", "--sim", "--limit", "0").stdout
    assert "more offers" not in whole
    assert len(_rows(run)) == 94
    assert "93 more offers (57 gpu and 36 cpu)" in run("offers", "--sim", "--limit", "1").stdout
    assert run("offers", "--sim", "--limit", "-1").exit_code == 1


def test_offers_of_gpus_come_before_those_of_cpus(run: Invoke) -> None:
    types = [row["type"] for row in _rows(run)]
    assert types == sorted(types, reverse=True)
    assert set(types) == {"gpu", "cpu"}
    prices = [float(row["per_hour"]) for row in _rows(run, "--free") if row["type"] == "gpu"]
    assert prices == sorted(prices)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--min-memory", "80", "--max-price", "1.6"), {"A100 SXM 80GB"}),
        (("--region", "Kingdom", "--min-memory", "48"), {"A6000 48GB", "L40S 48GB"}),
        (("--cluster", "us-ca-6", "--gpu", "H"), {"H200 SXM 141GB"}),
        (("--billing", "spot", "--max-price", "0.2"), {"RTX 3090 24GB", "RTX 4090 24GB"}),
        (("--type", "cpu", "--max-price", "$0.05"), {"CPU 2C 4GB"}),
        (("--type", "serverless", "--region", "Germany", "--max-price", "1"), {"RTX 4090 24GB"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_offers_are_filtered(run: Invoke, options: tuple[str, ...], expected: set[str]) -> None:
    assert {row["product"] for row in _rows(run, *options)} == expected


def test_the_manifest_of_an_offer_is_planned_at_its_price(run: Invoke, project: Path) -> None:
    (row,) = _rows(run, "--gpu", "L40S", "--cluster", "eu-de-1", "--billing", "spot", "--count", "2")
    spec = {**row["manifest"]["spec"], "image": "docker.io/library/redis:7"}
    manifest = {"apiVersion": "novita-infra/v1", "kind": row["manifest"]["kind"], "metadata": {"name": "box"}}
    (project / "box.yaml").write_text(json.dumps({**manifest, "spec": spec}))
    planned = json.loads(run("plan", "--sim", "--target", "instance.box", "--json").stdout)
    (change,) = (item for item in planned["resource_changes"] if item["address"] == "instance.box")
    assert change["change"]["after"]["product"]["id"] == row["id"]
    assert change["change"]["after"]["cluster"] == "eu-de-1"
    assert row["per_hour"] == "0.56"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--gpu", "RTX 4091"), 'error: no product "RTX 4091"; did you mean "RTX 4090 24GB"?'),
        (("--cluster", "us-ca-7"), 'error: no cluster "us-ca-7"; did you mean "us-ca-6"?'),
        (
            ("--cluster", "us-ca-6", "--region", "Germany"),
            'error: cluster us-ca-6 is not in the region "Germany"; clusters in it: eu-de-1 (EU-DE-01 (Germany))',
        ),
        (
            ("--type", "cpu", "--gpu", "A100"),
            "error: --gpu names a GPU product, and --type cpu has none; leave one of them out",
        ),
        (
            ("--max-price", "cheap"),
            "error: Invalid value for '--max-price': cheap is no price: write USD per hour, such as 1.25",
        ),
        (("--count", "9"), "error: Invalid value for '--count': 9 is not in the range 1<=x<=8."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_wrong_option_of_offers_is_reported(run: Invoke, options: tuple[str, ...], message: str) -> None:
    refused = run("offers", "--sim", *options)
    assert refused.exit_code == 1
    assert refused.stderr.splitlines()[0] == message


def test_offers_without_a_match_say_why(run: Invoke) -> None:
    shown = run("offers", "--sim", "--min-memory", "200")
    assert (shown.exit_code, shown.stdout) == (
        0,
        "No offer fits: the most memory is 141 GB (H200 SXM 141GB), less than 200 GB.\n",
    )
    assert _rows(run, "--min-memory", "200") == []


def test_offers_need_a_key(run: Invoke) -> None:
    assert "there is no API key" in run("offers").stderr
