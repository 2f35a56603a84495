"""Manifests of imported objects: for whatever the API may show, one that loads and whose plan is empty."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st
from rig import Rig

from novita_infra.catalogue.keys import keys_in
from novita_infra.catalogue.products import Catalogue
from novita_infra.kinds import KINDS
from novita_infra.kinds.field import Field, Local
from novita_infra.kinds.kind import Circumstances, Kind
from novita_infra.model.addresses import Address
from novita_infra.model.resources import PRESENT, Existing, Live, Phase
from novita_infra.operations.imported_manifests import ManifestContext, WrittenManifest, manifest_for
from novita_infra.operations.session import Session
from novita_infra.planning.inputs import AccountSnapshot, Config, PlanInputs, PriorState
from novita_infra.planning.plan.changes import Action
from novita_infra.planning.planner import make_review

SECRET = "hf_secretsecretsecret"
WORDS = st.sampled_from(["", "a", "1e3", "null", "${x}", "a\x85b", "\ud800", "x" * 600, f"--token {SECRET}", "/data"])
TEXTS = WORDS | st.text(max_size=12)
IDS = st.sampled_from(["4090.16c62g", "26", "1e3", "null", "${x}"])
NUMBERS = st.sampled_from([0, 1, 5, 60, 10**5, 2**63])
NAMES = st.sampled_from(["A", "a.b", "a=b", "", "HF_TOKEN", "x" * 600, "${y}", "\ud800", "1"])


def value_of(item: Field, schema: Mapping[str, Any] | None = None) -> st.SearchStrategy[Any]:
    """Values of the shape that the parser of the kind gives, without regard to any limit."""
    schema = item.schema if schema is None else schema
    if item.secret_items:
        return st.dictionaries(NAMES.filter(bool), TEXTS, max_size=3)
    if "enum" in schema:
        return st.sampled_from([*schema["enum"], "weird"])
    match schema.get("type"):
        case "integer":
            return NUMBERS
        case "boolean":
            return st.booleans()
        case "array":
            return st.lists(value_of(item, schema["items"]), max_size=3)
        case "object":
            inner = {name: value_of(item, part) for name, part in schema.get("properties", {}).items()}
            must = schema.get("required", ["id"] if "id" in inner else [])
            return st.fixed_dictionaries({name: inner[name] for name in must if name in inner})
        case _:
            return TEXTS


(OWNER,) = keys_in({"keys": [{"stringId": "key_owner", "id": "1", "name": "ci"}]})
"""The key of which a policy is a part."""


@st.composite
def lives(draw: st.DrawFn, kind: Kind) -> Live:
    """A live object of the kind: each field as in no manifest, or left out of the answer."""
    fields = [item for item in kind.fields if not isinstance(item.change, Local) and not item.secret]
    placed = {kind.placement.product: st.fixed_dictionaries({"id": IDS}), kind.placement.cluster: IDS}
    if kind.api.part_of:  # what an object is a part of is where it was found
        placed[kind.api.part_of] = st.just({"name": OWNER.name, "id": OWNER.id})
    values = {
        item.name: draw(placed[item.name] if item.name in placed else value_of(item))
        for item in fields
        if item.name in placed or draw(st.integers(0, 3))
    }
    phase = draw(st.sampled_from(sorted(PRESENT, key=lambda phase: phase.value)))
    return Live("id", values.get("name", ""), phase, phase.value, values, {"id": "id"}, "trouble")


def plan_of(session: Session, made: WrittenManifest, live: Live) -> Any:
    """The plan of the manifest as our own loader reads it."""
    (declared,) = session.project.declared
    state = session.state
    return make_review(
        PlanInputs(
            config=Config(identity=session.identity, declared=(declared,)),
            prior=PriorState(lineage=state.lineage, serial=state.serial, key=state.key),
            world=AccountSnapshot(
                existing={declared.address: Existing(made.record, live)},
                circumstances=Circumstances(session.clock.now()),
            ),
            kinds=KINDS,
        )
    )


WRITTEN = sorted(kind.type for kind in KINDS.values() if kind.api.job is None)
"""Without batches: nothing tells what their input holds, so a person declares one that is imported."""


@pytest.mark.slow
@pytest.mark.parametrize("kind_type", WRITTEN)
def test_the_manifest_of_any_live_object_loads_and_plans_empty(kind_type: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare()
    session, empty = rig._session(rig.client()), rig.project()

    @settings(max_examples=draws(20))
    @given(live=lives(KINDS[kind_type]))
    def check(live: Live) -> None:
        session.project = empty
        address = Address(kind_type, "a")
        made = manifest_for(
            ManifestContext.of(session, Catalogue(keys=(OWNER,)), "a.yaml", schema=False), address, live
        )
        (tmp_path / "a.yaml").write_text(made.text, encoding="utf-8")
        session.project = rig.project()
        (tmp_path / "a.yaml").unlink()
        review = plan_of(session, made, live)
        (change,) = review.plan.changes
        assert not review.problems
        assert change.action is Action.NONE or (change.action is Action.RESUME and live.phase is Phase.CHANGING)
        assert SECRET not in made.text
        assert SECRET not in str(made.record)

    check()
