"""`billing`: lines of bills, groups, months and payments, in text and JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from click.testing import Result

from novita_infra.views.result_schemas import result_schemas

Invoke = Callable[..., Result]
MARCH = ("--since", "2026-03", "--until", "2026-04", "--sim")
USAGE = """\
WHEN        OBJECT                CATEGORY       PRODUCT               AMOUNT
2026-03-01  network_storage.data  cloud_storage  Network Volume        $0.04
2026-03-01  0123456789abcdef      gpu            RTX 4090 24GB         $0.35
2026-03-01  key_1                 llm            deepseek/deepseek-v3  $0.38
2026-03-02  network_storage.data  cloud_storage  Network Volume        $0.04

$0.81: 4 lines, 2026-03-01 to 2026-04-01.
"""
HOURS = """\
WHEN              OBJECT                CATEGORY       PRODUCT         AMOUNT
2026-03-01 22:00  network_storage.data  cloud_storage  Network Volume  $0.00167
2026-03-01 23:00  network_storage.data  cloud_storage  Network Volume  $0.00167
2026-03-02 00:00  network_storage.data  cloud_storage  Network Volume  $0.00166
2026-03-02 01:00  network_storage.data  cloud_storage  Network Volume  $0.00167

$0.00667: 4 lines, 2026-03-01 22:00 to 2026-03-02 02:00.
"""
GROUPS = {
    "address": {"key_1": "$0.38", "0123456789abcdef": "$0.35", "network_storage.data": "$0.08"},
    "kind": {"in no state (llm)": "$0.38", "in no state (gpu)": "$0.35", "network_storage": "$0.08"},
    "product": {"deepseek/deepseek-v3": "$0.38", "RTX 4090 24GB": "$0.35", "Network Volume": "$0.08"},
    "category": {"llm": "$0.38", "gpu": "$0.35", "cloud_storage": "$0.08"},
    "day": {"2026-03-01": "$0.77", "2026-03-02": "$0.04"},
    "label": {"in no state": "$0.73", "without label": "$0.08"},
    "label:team": {"in no state": "$0.73", "without team": "$0.08"},
}
OTHERS = {
    "fixed-term": """\
WHEN              OBJECT            CATEGORY  PRODUCT        AMOUNT
2026-03-02 00:00  0123456789abcdef  gpu       RTX 4090 24GB  $226.80

$226.80: 1 line, 2026-03-01 to 2026-04-01.
""",
    "keys": """\
WHEN        KEY  MASK    CATEGORY  PRODUCT               REQUESTS  AMOUNT
2026-03-01       sk_***  llm       deepseek/deepseek-v3  3         $0.38

$0.38: 1 line, 2026-03-01 to 2026-04-01.
""",
    "monthly": """\
MONTH    STATUS  TOTAL    VOUCHERS  CASH     DEBT
2026-03  paid    $227.61  $0.00     $227.61  $0.00
""",
    "transactions": """\
WHEN              SERIAL  TYPE     CHANNEL  AMOUNT   STATE    NOTE
2026-03-02 00:00  p1      consume  Stripe   $226.80  success  RTX 4090 24GB 0123456789abcdef

Amounts are as documented, in 1/10000 USD. The API was once seen to send cents:
compare one with a top-up that you know; if it is 1/100 of that, so are all.
""",
}
EMPTY = {
    "usage": "Nothing was billed.\n",
    "fixed-term": "Nothing was billed.\n",
    "keys": "Nothing was billed.\n",
    "transactions": "There were no transactions.\n",
}


@pytest.mark.usefixtures("billed")
def test_usage_has_a_line_for_each_object_and_day(run: Invoke) -> None:
    shown = run("billing", "usage", *MARCH)
    assert (shown.exit_code, shown.stderr, shown.stdout) == (0, "", USAGE)
    data = json.loads(run("billing", "usage", *MARCH, "--json").stdout)
    assert data["sums"] == {
        "since": "2026-03-01T00:00:00Z",
        "until": "2026-04-01T00:00:00Z",
        "lines": 4,
        "amount": "0.81",
        "voucher": "0",
        "control": "0.81",
        "unlisted": "0",
        "rounded_lines": 0,
        "unknown_lines": 0,
    }
    storage = data["rows"][0]
    assert storage.pop("id")
    assert storage == {
        "since": "2026-03-01T00:00:00Z",
        "until": "2026-03-01T23:59:59Z",
        "address": "network_storage.data",
        "kind": "network_storage",
        "labels": {},
        "deleted": False,
        "category": "cloud_storage",
        "product": "Network Volume",
        "quantity": 20.0,
        "trade": None,
        "amount": "0.04",
        "voucher": "0",
    }


@pytest.mark.usefixtures("billed")
def test_a_range_that_is_not_at_midnight_has_a_line_for_each_hour(run: Invoke) -> None:
    hours = ("--since", "2026-03-01T22:00", "--until", "2026-03-02T02:00", "--sim")
    assert run("billing", "usage", "network_storage.*", *hours).stdout == HOURS


@pytest.mark.usefixtures("billed")
def test_the_lines_are_summed_by_group(run: Invoke) -> None:
    for by, groups in GROUPS.items():
        shown = run("billing", "usage", *MARCH, "--by", by).stdout.splitlines()
        rows = [re.split(r"  +", row) for row in shown[1:-2]]
        assert {row[0]: row[2] for row in rows} == groups, by
        data = json.loads(run("billing", "usage", *MARCH, "--by", by, "--json").stdout)
        assert [row["group"] for row in data["rows"]] == list(groups), by


@pytest.mark.usefixtures("billed")
@pytest.mark.parametrize("name", OTHERS)
def test_the_other_bills_are_tables(run: Invoke, name: str) -> None:
    shown = run("billing", name, *MARCH)
    assert (shown.exit_code, shown.stderr, shown.stdout) == (0, "", OTHERS[name])


@pytest.mark.parametrize("name", EMPTY)
def test_an_account_without_bills_has_none(run: Invoke, name: str) -> None:
    shown = run("billing", name, "--since", "2026-03", "--until", "2026-04", "--sim")
    assert (shown.exit_code, shown.stderr, shown.stdout) == (0, "", EMPTY[name])


def test_a_deleted_object_keeps_its_address(run: Invoke, billed: Path) -> None:
    assert run("destroy", "--sim", "--auto-approve", "--allow-data-loss", "*").exit_code == 0
    assert "network_storage.data (deleted)  cloud_storage" in run("billing", "usage", *MARCH).stdout
    assert "network_storage.data  2 " in run("billing", "usage", *MARCH, "--by", "address").stdout
    assert "2 lines" in run("billing", "usage", "network_storage.data", *MARCH).stdout
    assert (billed / "state" / "default.json").exists()


@pytest.mark.usefixtures("billed")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("usage", "network_storage.dota"),
            "network_storage.dota is no resource of this project, and no id that was billed; did you mean "
            '"network_storage.data"?',
        ),
        (
            ("usage", "--since", "soon"),
            "Invalid value for '--since': \"soon\" is no moment: write one such as 2026-11-01, 2026-11-01T08:30, "
            "2026-11, 7d or 12h (before now), today or yesterday",
        ),
        (
            ("usage", "--by", "team"),
            "Invalid value for '--by': \"team\" is no group: address, kind, product, category, day, label, or one "
            "label such as label:team",
        ),
        (("usage", "--since", "1999-01"), "the range is longer than five years; begin later: --since 2026-01"),
        (
            ("usage", "--since", "2026-03-02", "--until", "2026-03-02"),
            "the range is empty: 2026-03-02 00:00:00 UTC is not before --until 2026-03-02; --since DATE comes first",
        ),
        (
            ("keys", "--since", "2025-11", "--until", "2025-12"),
            "the API has no bills of keys from before 2026-01-01; begin later: --since 2026-01-01",
        ),
        (
            ("monthly", "--until", "2025-10"),
            "the range is empty: it ends with 2025-09; the API has bills from 2025-10 on",
        ),
    ],
)
def test_a_wrong_word_is_explained(run: Invoke, words: tuple[str, ...], message: str) -> None:
    refused = run("billing", *words, "--sim")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert message in refused.stderr


@pytest.mark.usefixtures("billed")
def test_bills_of_keys_begin_in_2026(run: Invoke) -> None:
    shown = run("billing", "keys", "--since", "2025-12", "--until", "2026-04", "--by", "key", "--sim")
    assert shown.stderr == "The API has no bills of keys from before 2026-01-01: the range begins there.\n"
    assert shown.stdout.splitlines()[-1] == "$0.38: 1 line, 2026-01-01 to 2026-04-01."


@pytest.mark.usefixtures("billed")
def test_what_is_printed_for_programs_fits_the_schemas(run: Invoke) -> None:
    schemas = result_schemas()
    for words, name in (
        (("usage",), "bills"),
        (("fixed-term",), "bills"),
        (("usage", "--by", "day"), "bill_groups"),
        (("keys",), "key_bills"),
        (("monthly",), "monthly_bills"),
        (("transactions",), "transactions"),
    ):
        jsonschema.validate(json.loads(run("billing", *words, *MARCH, "--json").stdout), schemas[name])
