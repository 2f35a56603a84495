"""All that the suite knows of each kind: a folder of its address type, with `FACTS` in it and `pairs.yaml`.

The folders are a second opinion: they are written by hand, and nothing in them is derived from the kinds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

import reference
from pairs import read

from kind_facts.facts import KindFacts
from novita_infra.kinds import KINDS
from novita_infra.simulator.routes.registry import OPERATIONS

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[2]


def _load(kind_type: str) -> KindFacts:
    facts = import_module(f"kind_facts.{kind_type}").FACTS
    assert isinstance(facts, KindFacts)
    return facts


FACTS: Final[Mapping[str, KindFacts]] = {
    kind_type: _load(kind_type) for kind_type in KINDS if (HERE / kind_type / "__init__.py").exists()
}
"""By address type, in the order of the registry."""
TYPES: Final = {facts.kind: kind_type for kind_type, facts in FACTS.items()}
"""Address types by the names in manifests."""


def unwritten(kind_type: str) -> Iterator[str]:
    """What the folder of the kind does not hold yet: a path or a part, and what to write."""
    facts, kind, place = FACTS.get(kind_type), KINDS[kind_type], f"tests/support/kind_facts/{kind_type}"
    if facts is None:
        yield f"{place}/__init__.py: FACTS = KindFacts(...), as in the folders of other kinds"
        return
    if facts.kind != kind.name:
        yield f"{place}: kind is {facts.kind!r}, and the kind is named {kind.name}"
    yield from _unpaired(kind_type, facts.table)
    edited = {name for edit in facts.edits for name in edit.fields}
    for item in kind.fields:
        if item.name not in edited and item.name not in UNEDITED.get(kind_type, ()):
            yield f"{place}: edits: add, change and remove `{item.name}`"
        if item.name not in facts.sights and item.name not in NOWHERE.get(kind_type, ()):
            yield f"{place}: sights: where `{item.name}` shows in the simulated world"
    if not facts.example_edit:
        yield f"{place}: example_edit: a change of one field that the kind's examples can take"
    yield from _marked(kind_type, facts.table)
    if facts.outsiders is None:
        yield f"{place}: outsiders: how other people create, edit and delete such an object"
    if facts.fleet is None:
        yield f"{place}: fleet: how random fleets declare such a resource"


def _unpaired(kind_type: str, table: str) -> Iterator[str]:
    """The operations without a pair, and those that the simulator serves and the list of the reference has not."""
    place = f"tests/support/kind_facts/{kind_type}/pairs.yaml"
    if not (HERE / kind_type / "pairs.yaml").exists():
        yield f"{place}: a request and its answer for each operation, from the API's reference"
        return
    listed = {reference.place(one["method"], one["path"]) for one in reference.operations()}
    pairs = [*read(HERE / kind_type), *read(ROOT / "tests" / "contract" / "pairs")]
    paired = {pair.said["operation"] for pair in pairs if pair.answer.get("status", 200) == 200}
    for one in OPERATIONS:
        if one.name.partition(".")[0] == table:
            if reference.place(one.method, one.path) not in listed:
                yield f"{place}: operations: {one.method} {one.path}, with its page"
            if one.name not in paired:
                yield f"{place}: pairs: a request and its answer for {one.name}"


def _marked(kind_type: str, table: str) -> Iterator[str]:
    """The lines that the skeleton of `make new-kind` marks with WRITE."""
    for pattern in (
        f"novita_infra/kinds/{kind_type}.py",
        f"novita_infra/simulator/routes/cloud/{table}.py",
        f"novita_infra/simulator/world/cloud/{table}.py",
        f"tests/support/kind_facts/{kind_type}/*",
    ):
        for path in sorted(ROOT.glob(pattern)):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines() if path.is_file() else (), 1):
                if "WRITE" in line:
                    yield f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


NOWHERE: Final = {"instance": {"template", "schedule", "ttl", "idle"}, "batch": {"results", "keepFiles"}}
"""Fields that show only in what they do to others, at another time, or in the project's folder."""
UNEDITED: Final = {"batch": {"keepFiles"}}
"""Fields that count once, when a job is over: an edit does nothing."""
