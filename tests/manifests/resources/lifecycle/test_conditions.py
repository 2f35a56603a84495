"""What a lifecycle may say of other resources, and the messages about the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.model.diagnostics import Problems

A = ("Instance", "a", {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"})
B = ("Instance", "b", {**A[2], "env": {"PEER": "${instance.a.id}"}})
NET = ("VPC", "net", {"cluster": "us-dallas-nas-2"})


def demand(value: Any, schema: Any) -> dict[str, Any]:
    return {"value": value, "is": schema, "message": "it must not be"}


@pytest.mark.parametrize(
    ("lifecycle", "says"),
    [
        ({"preconditions": [demand("${instance.a.id}", True)]}, "cannot look at the resource itself"),
        ({"preconditions": [demand("${env.MY_TOKEN}", True)]}, "takes no secret"),
        ({"preconditions": [demand(1, {"type": "strng"})]}, "is no JSON Schema"),
        ({"preconditions": [demand(1, {"$ref": "http://example.com/schema"})]}, "refers to another one"),
        ({"postconditions": [demand(1, {"const": "${vpc.net.id}"})]}, "the schema of a condition is plain"),
        ({"postconditions": [{"value": 1, "is": True}]}, "message"),
        ({"replaceTriggeredBy": ["instance.a"]}, "cannot trigger its own replacement"),
        ({"replaceTriggeredBy": ["vpc.nett"]}, 'did you mean "net"'),
        ({"replaceTriggeredBy": ["vpc.net.clster"]}, 'did you mean "cluster"'),
        ({"replaceTriggeredBy": ["net"]}, "is no address"),
        ({"replaceTriggeredBy": ["disk.net"]}, "no kind of resource"),
        ({"replaceTriggeredBy": ["${vpc.net.id}"]}, "write the address: vpc.net"),
    ],
)
def test_what_cannot_be_meant_is_reported_with_its_place(lifecycle: dict[str, Any], says: str, tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={"MY_TOKEN": "pretended"})
    rig.declare(A, NET, a=lifecycle)
    with pytest.raises(Problems) as caught:
        rig.project()
    (diagnostic,) = caught.value.diagnostics
    assert says in str(diagnostic)
    assert diagnostic.origin is not None
    assert diagnostic.origin.line >= 5


def test_triggers_and_conditions_are_dependencies_and_may_make_no_cycle(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    rig.declare(A, B, a={"replaceTriggeredBy": ["instance.b"]})
    with pytest.raises(Problems, match=r"instance\.a"):
        rig.project()
