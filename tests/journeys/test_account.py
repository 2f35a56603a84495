"""The commands about the account over HTTP, against `sim serve` in a process of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result
from processes import OURS, Cloud, serving

from examples import copy_example
from novita_infra.cli import root
from novita_infra.simulator import open_world
from novita_infra.simulator.world.engine.account_records import Meter
from novita_infra.views.result_schemas import result_schemas

pytestmark = pytest.mark.process

DAY = 86_400
MARCH = 1_772_323_200
"""2026-03-01 in Unix seconds."""
ROWS = 10_000


class Shell:
    """The command in the present folder against one server, in this process."""

    def __init__(self, server: str) -> None:
        self.server = server

    def run(self, *words: str, expect: int = 0) -> Result:
        environ = {**dict.fromkeys(OURS), "NOVITA_API_URL": self.server, "NOVITA_API_KEY": "sk_journey"}
        result = CliRunner().invoke(root, [*words], env=environ)
        assert result.exit_code == expect, f"{words}: {result.output}"
        return result

    def json(self, *words: str, schema: str = "") -> Any:
        data = json.loads(self.run(*words, "--json").stdout)
        if schema:
            jsonschema.validate(data, result_schemas()[schema])
        return data


@pytest.fixture
def server() -> Iterator[str]:
    with serving(time_scale=200) as (address, _):
        yield address


def test_a_project_sees_what_it_costs(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copy_example("network-storage", tmp_path / "project")
    monkeypatch.chdir(folder)
    shell, cloud = Shell(server), Cloud(server)
    assert shell.json("billing", "usage", schema="bills")["rows"] == []
    assert shell.json("balance", schema="balance")["runway_hours"] == {"least": None, "most": None}
    shell.run("apply", "--auto-approve")
    cloud.advance(40 * DAY)
    later = ("--since", "2d", "--until", datetime.fromtimestamp(time.time() + 50 * DAY, UTC).date().isoformat())
    before = cloud.calls("account.usage_bills")
    bills = shell.json("billing", "usage", *later, "--by", "address", schema="bill_groups")
    assert cloud.calls("account.usage_bills") - before == 2 * 10
    assert [row["group"] for row in bills["rows"]] == ["network_storage.datasets"]
    assert bills["sums"]["unlisted"] == "0"
    assert Decimal(8) <= Decimal(bills["sums"]["amount"]) < Decimal("8.3")  # 100 GB at $0.002 for 40 days
    spent = shell.json("spend", *later, schema="spend")
    assert spent["rows"][0]["per_hour"]["most"] == "0.0083333333"
    assert Decimal(spent["total"]) >= Decimal(bills["sums"]["amount"])
    assert shell.json("balance")["per_hour"]["most"] == "0.0083333333"
    assert "network_storage.datasets" in shell.run("billing", "usage", *later).stdout
    shell.run("destroy", "--auto-approve", "--allow-data-loss", "*")
    assert "network_storage.datasets (deleted)" in shell.run("spend", *later).stdout
    assert len(shell.json("billing", "monthly", *later[2:], schema="monthly_bills")) >= 2
    assert shell.json("billing", "transactions", *later, schema="transactions")[0]["type"] == "recharge"
    assert shell.json("billing", "keys", schema="key_bills")["rows"] == []
    assert shell.json("billing", "fixed-term", schema="bills")["rows"] == []


def test_the_account_knows_itself(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shell = Shell(server)
    who = shell.json("whoami", schema="whoami")
    assert (who["key_masks"], who["role"]) == (["sk_jou***"], "Owner")
    assert [row["own"] for row in shell.json("keys", schema="keys")].count(True) == 1
    assert shell.json("quota", "endpoint", schema="quota")[0]["of"] == "endpoint"
    email = who["email"]
    shell.run("budgets", "set", "member", email, "--limit", "25", "--monthly", "--auto-approve")
    assert shell.json("budgets", "list", schema="budgets")[0]["limit"] == "25"
    assert (
        shell.json("budgets", "check", "member", email, "--cost", "25.0001", schema="budget_check")["enough"] is False
    )
    assert "Usage:" not in shell.run("budgets", "set", "member", "nobody", "--unlimited", expect=1).stdout
    found = {row["name"]: row for row in shell.json("doctor", schema="doctor")}
    assert found["clock"]["detail"] == "as that of the API, to within a minute"
    assert found["network"]["health"] == "ok"
    Cloud(server).add_fault(operation="keys.list", status=401, reason="INVALID_API_KEY", count=0)
    refused = {row["name"]: row for row in json.loads(shell.run("doctor", "--json", expect=1).stdout)}
    assert refused["network"]["health"] == "ok"
    assert refused["key"]["detail"].startswith("the API refuses the key: INVALID_API_KEY")


def test_ten_thousand_lines_take_as_many_calls_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "account.db"
    world = open_world(path, now=time.time)
    for number in range(ROWS):
        world.meters.add(
            Meter(
                id=f"m{number}",
                created=MARCH,
                category="gpu",
                owner=f"{number:016x}",
                product="RTX 4090 24GB",
                units=1,
                price=35_000,
                since=MARCH + number % (20 * DAY),
                until=MARCH + number % (20 * DAY) + 3600,
            )
        )
    world.save()
    world.close()
    monkeypatch.chdir(tmp_path)
    with serving("--db", str(path), time_scale=1) as (address, _):
        shell, cloud = Shell(address), Cloud(address)
        bills = shell.json("billing", "usage", "--since", "2026-03", "--until", "2026-04", schema="bills")
        assert cloud.calls("account.usage_bills") == 10
    assert bills["sums"]["lines"] == len(bills["rows"]) >= ROWS
    assert bills["sums"]["amount"] == bills["sums"]["control"] == str(Decimal("0.35") * ROWS).rstrip("0").rstrip(".")
