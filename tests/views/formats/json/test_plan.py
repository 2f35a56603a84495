"""Plans, states and checks in Terraform's JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from novita_infra.model.addresses import Address, Origin
from novita_infra.model.diagnostics import Diagnostic, Severity
from novita_infra.model.records import Record
from novita_infra.model.values import Digest, Ref, Secret, joined_text
from novita_infra.planning.plan.review import Review
from novita_infra.state.state import State
from novita_infra.views.formats.json.diagnostics import validation_json
from novita_infra.views.formats.json.plan import plan_json
from novita_infra.views.formats.json.state import outputs_json, state_json
from novita_infra.views.formats.json.values import shown_json

ID = Ref(Address("vpc", "net"))


def _changes(plan: Review) -> dict[str, dict[str, Any]]:
    return {item["address"]: item for item in plan_json(plan)["resource_changes"]}


def test_a_plan_is_its_golden_json(plan_of: Callable[[str], Review], golden: Callable[[str, str], None]) -> None:
    golden("plan_mixed.json", json.dumps(plan_json(plan_of("mixed")), indent=2) + "\n")


def test_no_secret_reaches_the_json_of_a_plan(plan_of: Callable[[str], Review], clear: str) -> None:
    assert clear not in json.dumps(plan_json(plan_of("mixed")))


def test_actions_are_terraforms(plan_of: Callable[[str], Review]) -> None:
    actions = {address: item["change"]["actions"] for address, item in _changes(plan_of("mixed")).items()}
    assert actions == {
        "endpoint.api": ["delete", "create"],
        "instance.trainer": ["update"],
        'instance.worker["eu"]': ["create"],
        "network_storage.data": ["create"],
        "registry_auth.hub": ["create", "delete"],
        "template.base": ["update"],
        "vpc.gone": ["forget"],
        "vpc.net": ["no-op"],
        "vpc.old": ["delete"],
        "vpc.taken": ["no-op"],
        "vpc.slow": ["no-op"],
    }


def test_a_key_is_the_index_of_a_resource(plan_of: Callable[[str], Review]) -> None:
    worker = _changes(plan_of("mixed"))['instance.worker["eu"]']
    assert (worker["type"], worker["name"], worker["index"], worker["mode"]) == ("instance", "worker", "eu", "managed")


def test_what_is_unknown_is_left_out_and_marked(plan_of: Callable[[str], Review]) -> None:
    change = _changes(plan_of("mixed"))['instance.worker["eu"]']["change"]
    assert "registryAuth" not in change["after"]
    assert change["after_unknown"] == {
        "id": True,
        "registryAuth": True,
        "env": {"DATA": True},
        "networkStorages": [{"storage": True}],
    }
    assert change["after_sensitive"] == {"env": {"TOKEN": True}}
    assert change["before"] is None


def test_a_replacement_names_the_paths_that_force_it(plan_of: Callable[[str], Review]) -> None:
    endpoint = _changes(plan_of("mixed"))["endpoint.api"]
    assert endpoint["change"]["replace_paths"] == [["product"]]
    assert endpoint["action_reason"] == "replace_because_cannot_update"
    assert endpoint["change"]["after_unknown"]["id"] is True


def test_means_reasons_and_losses_stand_under_our_own_key(plan_of: Callable[[str], Review]) -> None:
    trainer = _changes(plan_of("mixed"))["instance.trainer"]["novita"]
    assert trainer["fields"][0]["means"].startswith("upgrade:")
    (loss,) = trainer["loses"]
    assert (loss["text"], loss["gb"]) == ("what was written outside of /data (80 GB)", 80)
    assert plan_json(plan_of("mixed"))["novita"]["steps"][2]["after"] == ["network_storage.data/create"]


def test_a_refused_plan_is_marked_as_errored(plan_of: Callable[[str], Review]) -> None:
    message = plan_json(plan_of("refused"))
    assert (message["errored"], message["applyable"], message["complete"]) == (True, False, False)
    assert message["novita"]["problems"][0]["address"] == "network_storage.data"


def test_a_text_that_is_both_secret_and_unknown_is_shown_as_secret() -> None:
    assert shown_json({"a": joined_text(("x", Secret("clear", "env:A"), ID)), "b": [ID], "c": Digest("00")}) == {
        "a": "(secret)",
        "b": [None],
        "c": "(secret)",
    }


def test_outputs_hide_a_secret_even_inside_a_map() -> None:
    data = outputs_json({"login": {"user": "me", "password": Digest("00ff")}, "n": 1})
    assert data["login"] == {
        "sensitive": True,
        "value": None,
        "type": ["object", {"user": "string", "password": "string"}],
    }
    assert data["n"] == {"sensitive": False, "value": 1, "type": "number"}


def test_the_state_is_in_terraforms_state_representation_without_its_key() -> None:
    net = Address("vpc", "net")
    state = State("lin", "the-key", 4, "p", "dev", "simulator", {net: Record(net, "v-1", {"name": "net"})})
    data = state_json(state)
    [found] = data["values"]["root_module"]["resources"]
    assert (found["address"], found["values"]) == ("vpc.net", {"id": "v-1", "name": "net"})
    assert "the-key" not in json.dumps(data)


def test_a_check_counts_errors_and_warnings_and_gives_ranges() -> None:
    text = "spec: # éabcd\n  imgae: x\n"
    wrong = Diagnostic('unknown field "imgae"', 'did you mean "image"?', origin=Origin("a.yaml", 2, 3))
    odd = Diagnostic("odd", severity=Severity.WARNING)
    data = validation_json((wrong, odd), lambda _: text)
    assert (data["valid"], data["error_count"], data["warning_count"]) == (False, 1, 1)
    first = data["diagnostics"][0]
    assert first["range"] == {
        "filename": "a.yaml",
        "start": {"line": 2, "column": 3, "byte": 17},
        "end": {"line": 2, "column": 4, "byte": 18},
    }
    assert first["snippet"]["code"] == "  imgae: ********"
    assert "range" not in data["diagnostics"][1]


def test_nothing_wrong_is_valid() -> None:
    assert validation_json((), lambda _: None)["valid"] is True
