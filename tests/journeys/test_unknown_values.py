"""Any part of any field may be known only after apply: a plan is still made, and no price is made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from kind_facts import FACTS
from quick_yaml import read_yaml
from rig import Rig

from novita_infra.kinds import KINDS
from novita_infra.manifests.validation.completing import completed
from novita_infra.model.addresses import Address
from novita_infra.model.values import Computation, Ref, Spec
from novita_infra.planning.planner import make_review

HEAD = Address("instance", "head")
IP = Ref(HEAD, "ip")
KEYS = ("gpu", "cpu", "id", "min", "max", "sizeGb")
UNKNOWN = {
    "string": Computation("[]", (Ref(HEAD, "endpoints"), "22/tcp")),
    "array": [IP],
    "object": dict.fromkeys(KEYS, IP),
}
"""By the type in a schema."""
MACHINE = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}
VARIANTS: dict[str, tuple[Spec, ...]] = {"instance": (MACHINE, {**MACHINE, "billingMode": "monthly", "months": 1})}


def test_every_field_may_be_known_after_apply(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(("Instance", "head", MACHINE))
    inputs = rig.see()
    (head,) = inputs.config.declared
    position: Any = ("fleet.yaml", 1, 1, 1, 1, None)
    unpriced = set()
    for kind_type in FACTS:
        kind = KINDS[kind_type]
        specs = VARIANTS.get(kind_type) or (read_yaml(kind.example)["spec"],)
        cases = [
            (spec, item.name, value)
            for spec in specs
            for item in kind.fields
            for form, value in UNKNOWN.items()
            if form in ("string", item.schema.get("type"))
        ]
        for spec, name, value in cases:
            one = replace(head, address=Address(kind_type, "x"), spec={**spec, name: value}, needs=(HEAD,))
            declared = (one, head)
            completed({item.address: item for item in declared}, {item.address: position for item in declared})
            review = make_review(replace(inputs, config=replace(inputs.config, declared=declared)))
            rows = review.cost.rows if review.cost and name == "gpuCount" else ()
            if any(cost.price is None for row in rows if row.address == one.address for cost in row.after):
                unpriced.add(kind_type)
    assert unpriced == {"instance", "endpoint"}
