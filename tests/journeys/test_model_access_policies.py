"""The policies of keys: one for each key, never that of somebody else, and compared as the service writes it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from kind_facts.model_access_policy import CHAT, CI, LARGE, SMALL
from rig import Rig

from novita_infra.model.diagnostics import EXIT_REFUSED
from novita_infra.planning.plan.changes import Action
from novita_infra.simulator import World
from novita_infra.simulator.world.llm.api_keys import key_of, of_caller
from novita_infra.simulator.world.llm.model_access_policies import SELECTED, policy_for, set_policy
from novita_infra.views.content.lines import plain
from novita_infra.views.plan_lines.plan import plan_lines

READS: Final = ("keys.list", "model_access_policies.get")


def policy(name: str = "a", key: str = "ci", **spec: Any) -> tuple[str, str, dict[str, Any]]:
    return ("ModelAccessPolicy", name, {"key": key, **(spec or {"allowedModels": [CHAT]})})


def allowed(world: World, id: str = CI) -> list[str] | None:
    """The models that the key may call; None where it has no policy."""
    found = policy_for(world, key_of(world, id))
    return found.allowed if found else None


def set_by_others(rig: Rig, *models: str) -> None:
    set_policy(rig.world, key_of(rig.world, CI), mode=SELECTED, allowed=models, excluded=())


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path, environ={})


def test_a_policy_is_set_changed_and_reset(rig: Rig) -> None:
    rig.declare(policy())
    rig.apply()
    assert allowed(rig.world) == [CHAT]
    rig.declare(policy(excludedModels=[LARGE]))
    rig.apply()
    found = policy_for(rig.world, key_of(rig.world, CI))
    assert found is not None
    assert (found.mode, found.allowed, found.excluded) == ("all_enabled", [], [LARGE])
    rig.destroy()
    assert allowed(rig.world) is None


def test_order_case_and_repetition_are_no_change(rig: Rig) -> None:
    rig.declare(policy(allowedModels=[CHAT, LARGE]))
    rig.apply()
    rig.declare(policy(key=CI, allowedModels=[LARGE.upper(), CHAT, LARGE, CHAT.title()]))
    assert rig.plan().empty
    rig.declare(policy(allowedModels=[LARGE.upper(), SMALL]))
    rig.apply()
    assert allowed(rig.world) == [LARGE, SMALL], "as the service writes them"


def test_a_plan_reads_the_list_and_each_policy_once(rig: Rig) -> None:
    rig.declare(policy(), policy("b", "batches"))
    rig.apply()
    before = {name: rig.world.calls[name] for name in READS}
    assert rig.plan().empty
    # The list is read with the policies, and without them for the owner of the key in use.
    assert {name: rig.world.calls[name] - before[name] for name in READS} == {
        "keys.list": 2,
        "model_access_policies.get": 2,
    }


def test_the_key_in_use_has_a_word_of_its_own(rig: Rig) -> None:
    rig.declare(policy(key="current"))
    rig.apply()
    own = of_caller(rig.world, "sk_test")
    assert allowed(rig.world, own.id) == [CHAT]
    rig.assert_converged()


def test_keys_whose_masks_are_alike_are_told_by_their_ids(rig: Rig) -> None:
    rig.declare(policy(key="current"))
    rig.apply()
    of_caller(rig.world, "sk_test_of_another")
    rig.declare(policy("b", "current"))
    (problem, *_) = rig.plan().problems
    assert '"current" may be key_' in problem.summary
    assert problem.hint == "name the key by its id"


def test_a_policy_that_others_have_set_is_not_overwritten(rig: Rig) -> None:
    set_by_others(rig, LARGE)
    rig.declare(policy())
    review = rig.plan()
    (problem,) = review.problems
    assert "would be overwritten" in problem.summary
    assert review.code == EXIT_REFUSED
    rig.take_in("model_access_policy.a", CI)
    (change,) = rig.plan().plan.changes
    assert change.action is Action.UPDATE
    rig.apply()
    assert allowed(rig.world) == [CHAT]


def test_a_policy_that_others_set_after_the_plan_is_not_overwritten(rig: Rig) -> None:
    rig.declare(policy())

    def others_are_faster(_: Any) -> bool:
        if allowed(rig.world) is None:
            set_by_others(rig, LARGE)
        return False

    result = rig.apply(stop_when=others_are_faster, expect_success=False)
    (end,) = result.ends
    assert "which others made since the plan" in end.reason
    assert allowed(rig.world) == [LARGE]


def test_two_resources_for_one_key_are_an_error(rig: Rig) -> None:
    rig.declare(policy(), policy("b", CI, excludedModels=[LARGE]))
    summaries = [problem.summary for problem in rig.plan().problems]
    assert summaries == [
        f"{CI} can have one ModelAccessPolicy only, and model_access_policy.b is one for it, too",
        f"{CI} can have one ModelAccessPolicy only, and model_access_policy.a is one for it, too",
    ]


def test_a_renamed_resource_does_not_lose_its_policy(rig: Rig) -> None:
    rig.declare(policy())
    rig.apply()
    rig.declare(policy("b"))
    review = rig.plan()
    assert any("the state records it as model_access_policy.a" in item.summary for item in review.problems)
    rig.rename("model_access_policy.a", "model_access_policy.b")
    assert rig.plan().empty


def test_two_resources_cannot_swap_their_keys_in_one_run(rig: Rig) -> None:
    rig.declare(policy(), policy("b", "batches", excludedModels=[LARGE]))
    rig.apply()
    rig.declare(policy(key="batches"), policy("b", "ci", excludedModels=[LARGE]))
    assert len(rig.plan().problems) == 2


def test_there_is_nothing_to_replace_a_policy_with(rig: Rig) -> None:
    rig.declare(policy())
    rig.apply()
    (problem, *_) = rig.plan(replaces=("model_access_policy.a",)).problems
    assert "there is no other ModelAccessPolicy to replace it with" in problem.summary


def test_a_policy_that_was_reset_by_hand_is_set_again(rig: Rig) -> None:
    rig.declare(policy())
    rig.apply()
    table: Any = rig.world.tables["model_access_policies"]
    table.remove(table.get(CI))
    rig.apply()
    assert allowed(rig.world) == [CHAT]
    rig.destroy()
    rig.apply()
    assert allowed(rig.world) == [CHAT], "the same id, a second time"


def test_a_model_that_is_gone_is_an_error_only_where_the_policy_changes(rig: Rig) -> None:
    rig.declare(policy())
    rig.apply()
    found = policy_for(rig.world, key_of(rig.world, CI))
    assert found is not None
    found.allowed = ["gryphe/mythomax-l2-13b"]  # it is listed, and not served any more
    rig.declare(policy(allowedModels=["gryphe/mythomax-l2-13b"]))
    assert not rig.plan().problems
    rig.declare(policy(allowedModels=["gryphe/mythomax-l2-13b", CHAT]))
    (problem,) = rig.plan().problems
    assert problem.summary == 'the model "gryphe/mythomax-l2-13b" is not served now'


def test_a_developer_sees_the_own_key_alone_and_sets_no_policy(rig: Rig) -> None:
    rig.key = "sk_developer"
    rig.declare(policy(key="ci"))
    (problem, *_) = rig.plan().problems
    assert problem.summary == 'there is no API key "ci" that this key may see'
    rig.declare(policy(key="current"))
    (end,) = rig.apply(expect_success=False).ends
    assert "FORBIDDEN" in end.reason
    assert allowed(rig.world, of_caller(rig.world, rig.key).id) is None


def test_a_policy_whose_models_are_not_shown_is_no_drift(rig: Rig) -> None:
    own = of_caller(rig.world, "sk_developer")
    rig.declare(policy(key=own.id))
    rig.apply()
    rig.key = "sk_developer"
    assert rig.plan().empty


def test_a_plan_and_the_state_name_the_key(rig: Rig) -> None:
    rig.declare(policy(key="ci"))
    assert 'key: {name: "ci", id: "' in plain(plan_lines(rig.plan()))
    rig.apply()
    assert rig.record("model_access_policy.a").spec["key"] == {"name": "ci", "id": CI}
    rig.declare(policy(key="batches"))
    assert 'name: "ci" -> "batches"' in plain(plan_lines(rig.plan()))


def test_a_state_that_holds_the_id_of_the_key_alone_is_no_change(rig: Rig) -> None:
    rig.declare(policy(key="ci"))
    rig.apply()
    store, state = rig.store(), rig.state()
    record = rig.record("model_access_policy.a")
    older = replace(record, spec={**record.spec, "key": CI})
    store.save(replace(state, records={record.address: older}))
    assert rig.plan().empty


def test_a_key_whose_name_is_not_known_is_shown_by_its_id(rig: Rig) -> None:
    key_of(rig.world, CI).name = ""
    rig.declare(policy(key=CI))
    assert f'key: {{id: "{CI}"}}' in plain(plan_lines(rig.plan()))
