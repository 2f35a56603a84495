"""Plans as folders: what was applied before, what happened since, what is declared now, and the plan in text and JSON.

`python tests/support/plan_cases.py [NAME...]` writes the plans of today into the folders; look at the difference.

A case holds `now.yaml` (the manifests; a document of kind Project is the project file), `before.yaml` (what was
applied before it), and `case.yaml` with any of: about, scenario, environment, environ, variables, asked, and acts, each
of which is `{wait: SECONDS}` or an act of a scenario's events in which `${ADDRESS}` stands for an id.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from quick_yaml import read_all_yaml, read_yaml
from rig import Rig

from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.model.identity import in_mark
from novita_infra.planning.options import Refresh
from novita_infra.planning.plan.review import Review
from novita_infra.simulator import LIVE
from novita_infra.simulator.scenarios.events import on_event
from novita_infra.simulator.world.engine.records import ScenarioEvent
from novita_infra.simulator.world.engine.settings import Timings
from novita_infra.views.content.lines import plain
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.formats.text.diagnostics import diagnostic_lines
from novita_infra.views.plan_lines.plan import plan_lines

CASES: Final = Path(__file__).parents[1] / "plans"
Ordering = Callable[[list[Any]], dict[str, list[Any]]]
"""Puts the documents into files, by file name."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A plan as a person and as a program see it."""

    text: str
    json: str
    problems: tuple[Diagnostic, ...] = ()
    """Those of a plan that is refused."""


def in_one_file(documents: list[Any]) -> dict[str, list[Any]]:
    """The documents as they stand."""
    return {"main.yaml": documents}


def each_in_its_own(documents: list[Any]) -> dict[str, list[Any]]:
    """A file for each, the last one first."""
    return {f"part-{index}.yaml": [item] for index, item in enumerate(reversed(documents))}


def cases() -> list[Path]:
    """The folders."""
    return sorted(path.parent for path in CASES.glob("*/now.yaml"))


def plan_of(case: Path, ordering: Ordering = in_one_file) -> tuple[Rig, Review]:
    """The plan of the case in a world of its own."""
    case_file = read_yaml((case / "case.yaml").read_text(encoding="utf-8"))
    folder = Path(tempfile.mkdtemp())
    environ, scenario = case_file.get("environ", {}), case_file.get("scenario", "")
    rig = Rig(folder, quirks=LIVE, environ=environ, scenario=scenario, timings=Timings())
    rig.environment = case_file.get("environment", "")
    rig.variables = case_file.get("variables", {})
    if (case / "before.yaml").exists():
        _declare(rig, case / "before.yaml", ordering)
        rig.apply()
    for act in case_file.get("acts", ()):
        _happen(rig, act)
    _declare(rig, case / "now.yaml", ordering)
    return rig, rig.plan(**{"allow_data_loss": (), "allow_large_change": False, **_asked(case_file.get("asked", {}))})


@cache
def shown(case: Path, ordering: Ordering = in_one_file) -> Shown:
    """What the case gives today."""
    try:
        rig, plan = plan_of(case, ordering)
    except Problems as error:
        return Shown(plain(diagnostic_lines(error.diagnostics, lambda _: None)), "")
    text = plain([*plan_lines(plan), *diagnostic_lines((*plan.notes, *plan.problems), lambda _: None)])
    data = json.dumps(plan_json(plan), indent=1, sort_keys=True) + "\n"
    for address, record in sorted(rig.state().records.items()):
        text, data = (item.replace(record.id, f"<{in_mark(address)}>") for item in (text, data))
    text, data = (item.replace(f" {rig.folder}", "") for item in (text, data))  # commands name the project
    return Shown(text, data, tuple(plan.problems))


def _declare(rig: Rig, path: Path, ordering: Ordering) -> None:
    for old in rig.folder.glob("*.yaml"):
        old.unlink()
    documents = [item for item in read_all_yaml(path.read_text(encoding="utf-8")) if item]
    documents = [{"apiVersion": "novita-infra/v1", **item} for item in documents]
    project = [item for item in documents if item["kind"] == "Project"]
    plain_project = {"apiVersion": "novita-infra/v1", "kind": "Project", "metadata": {"name": "rig"}}
    rig.write("novita-infra.yaml", *(project or [plain_project]))
    for name, items in ordering([item for item in documents if item["kind"] != "Project"]).items():
        rig.write(name, *items)


def _happen(rig: Rig, act: dict[str, Any]) -> None:
    if "wait" in act:
        rig.clock.run(rig.clock.sleep(float(act["wait"])))
        rig.world.advance()
        return
    ids = {str(address): record.id for address, record in rig.state().records.items()}
    text = re.sub(r"\$\{([^}]+)\}", lambda match: ids[match[1]], json.dumps(act))
    happening = ScenarioEvent(id="", scenario="", act=json.loads(text))
    rig.world.advance()
    on_event(rig.world, happening, "")
    assert not happening.refusals, happening.refusals


def _asked(options: dict[str, Any]) -> dict[str, Any]:
    """What the case asks of the plan; addresses are texts, as the rig has them."""
    return {
        name: Refresh(value) if name == "refresh" else tuple(value) if isinstance(value, list) else value
        for name, value in options.items()
    }


def write(names: Sequence[str]) -> None:
    """Writes today's plans into the folders."""
    for case in cases():
        if names and case.name not in names:
            continue
        today = shown(case)
        (case / "plan.txt").write_text(today.text, encoding="utf-8")
        (case / "plan.json").write_text(today.json, encoding="utf-8")


if __name__ == "__main__":
    os.environ.pop("NOVITA_API_KEY", None)
    write(sys.argv[1:])
