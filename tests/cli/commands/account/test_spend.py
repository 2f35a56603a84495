"""`spend`: what a project has cost, in text and JSON."""

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
SPENT = """\
RESOURCE              USAGE  BOUGHT  PER HOUR NOW  IF ALWAYS RUNNING
network_storage.data  $0.08  $0.00   $0.00167      $1.20 to $1.24

small: $0.08, 2026-03-01 to 2026-04-01.
Usage and purchases are what the API billed. Beside them, the recorded resources at today's prices,
from the first bill of each on, as if it ran all the time.
default: $0.00167 per hour, by the plan of the last apply (WHEN).
The rest of the account cost $227.53 in this time.
"""


@pytest.mark.usefixtures("billed")
def test_a_project_has_cost_what_was_billed_for_its_resources(run: Invoke) -> None:
    shown = run("spend", *MARCH)
    text = re.sub(r"\(\d{4}-[\d: -]+Z\)", "(WHEN)", shown.stdout)
    assert (shown.exit_code, shown.stderr, text) == (0, "", SPENT)
    data = json.loads(run("spend", *MARCH, "--json").stdout)
    jsonschema.validate(data, result_schemas()["spend"])
    (planned,) = data.pop("planned")
    assert planned.pop("at")[:2] == "20"
    rate = {"least": "0.0016666667", "most": "0.0016666667"}
    assert planned == {"environment": "default", "per_hour": rate, "price_unknown": False, "run": "apply"}
    assert data == {
        "project": "small",
        "environment": None,
        "since": "2026-03-01T00:00:00Z",
        "until": "2026-04-01T00:00:00Z",
        "total": "0.08",
        "recorded": "0",
        "unknown": [],
        "others": "227.53",
        "rows": [
            {
                "name": "network_storage.data",
                "deleted": False,
                "objects": 1,
                "usage": "0.08",
                "bought": "0",
                "per_hour": {"least": "0.0016666667", "most": "0.0016666667"},
                "expected": {"least": "1.2", "most": "1.24"},
                "price_unknown": [],
            }
        ],
    }


@pytest.mark.usefixtures("billed")
def test_a_deleted_resource_has_no_rate(run: Invoke) -> None:
    assert run("destroy", "--sim", "--auto-approve", "--allow-data-loss", "*").exit_code == 0
    assert "network_storage.data (deleted)  $0.08  $0.00   -             -\n" in run("spend", *MARCH).stdout


@pytest.mark.usefixtures("billed")
def test_what_the_last_plan_said_is_kept_in_the_state_and_not_guessed_after_an_edit(run: Invoke, project: Path) -> None:
    said = json.loads((project / "state" / "default.json").read_text())["last_run"]["planned"]
    assert said == {"least": "500/3", "most": "500/3"}
    assert run("state", "mv", "network_storage.data", "network_storage.other", "--sim").exit_code == 0
    shown = run("spend", *MARCH).stdout
    assert "\ndefault: what the plan of the last apply said is not known, for the last run was `state mv`.\n" in shown


def test_a_project_without_bills_has_cost_nothing(run: Invoke) -> None:
    shown = run("spend", *MARCH)
    assert (shown.exit_code, shown.stdout) == (0, "Nothing was billed for a resource of this project.\n")


def test_a_project_is_needed(run: Invoke, tmp_path_factory: pytest.TempPathFactory) -> None:
    refused = run("spend", "--sim", "--project", str(tmp_path_factory.mktemp("empty")))
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == "error: there is no project here; go to its folder, or name it: --project FOLDER\n"


def test_another_group_is_refused(run: Invoke) -> None:
    refused = run("spend", "--by", "day", "--sim")
    assert refused.exit_code == 1
    assert '"day" is no group: address, kind, label, or one label such as label:team' in refused.stderr
