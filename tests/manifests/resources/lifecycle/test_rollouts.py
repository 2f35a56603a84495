"""What a manifest may say of rollouts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rig import Rig

from novita_infra.model.diagnostics import Problems
from novita_infra.model.lifecycle import RolloutRules

MACHINE: dict[str, Any] = {"product": {"gpu": "RTX 4090"}, "image": "ubuntu:22.04"}


def rules_of(rig: Rig, *rollouts: Any, group: str = "") -> list[RolloutRules | None]:
    names = "abc"[: len(rollouts)]
    together = {"group": group} if group else {}
    lifecycles = {name: {"rollout": rollout, **together} for name, rollout in zip(names, rollouts, strict=True)}
    rig.declare(*(("Instance", name, MACHINE) for name in names), **lifecycles)
    return [item.lifecycle.rollout for item in rig.project().declared]


def test_a_rollout_has_a_number_or_a_part_of_the_members(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    said: list[Any] = [{}, {"maxUnavailable": 3, "inOrder": True}, {"maxUnavailable": "25%", "pause": "5m"}]
    rules = [RolloutRules(), RolloutRules(3, in_order=True), RolloutRules(25, percent=True, pause=300.0)]
    assert rules_of(rig, *said) == rules


@pytest.mark.parametrize(("percent", "limits"), [(25, [1, 1, 2, 25]), (1, [1, 1, 1, 1]), (100, [1, 7, 8, 100])])
def test_a_part_of_the_members_is_rounded_down_to_one_at_least(percent: int, limits: list[int]) -> None:
    rules = RolloutRules(percent, percent=True)
    assert [rules.limit(members) for members in (1, 7, 8, 100)] == limits


@pytest.mark.parametrize(
    ("rollout", "says"),
    [
        ({"maxUnavailable": 0}, "lifecycle.rollout.maxUnavailable"),
        ({"maxUnavailable": "0%"}, "lifecycle.rollout.maxUnavailable"),
        ({"maxUnavailable": "101%"}, "lifecycle.rollout.maxUnavailable"),
        ({"maxUnavailable": True}, "lifecycle.rollout.maxUnavailable"),
        ({"pause": "0s"}, "lifecycle.rollout.pause"),
        ({"pause": 30}, "lifecycle.rollout.pause"),
        ({"maxUnavailible": 1}, 'did you mean "maxUnavailable"'),
        ("slow", "lifecycle.rollout"),
    ],
)
def test_a_rollout_that_cannot_be_meant_is_reported_with_its_place(rollout: Any, says: str, tmp_path: Path) -> None:
    with pytest.raises(Problems) as caught:
        rules_of(Rig(tmp_path, environ={}), rollout)
    (diagnostic,) = caught.value.diagnostics
    assert says in str(diagnostic)
    assert diagnostic.origin is not None


def test_the_members_of_a_group_cannot_have_different_rollouts(tmp_path: Path) -> None:
    rig = Rig(tmp_path, environ={})
    assert len(rules_of(rig, {"maxUnavailable": 2}, {"maxUnavailable": 2}, group="g")) == 2
    with pytest.raises(Problems) as caught:
        rules_of(rig, {"maxUnavailable": 2}, {"maxUnavailable": 2}, {"maxUnavailable": 1}, group="g")
    (diagnostic,) = caught.value.diagnostics
    assert "the group g has another rollout at instance.a (main.yaml:" in diagnostic.summary
