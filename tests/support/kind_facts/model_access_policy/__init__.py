"""The models that a key may call: one policy for each key, without an owner mark; its id is that of the key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from edits import Edit, Subject

from kind_facts.common import attribute, deletes
from kind_facts.facts import Fleet, FleetPart, KindFacts, OutsiderCalls

CI: Final = "key_1b158839f8aa339e89bb50b1"
NOTEBOOK: Final = "key_b53bcf919f24746d72094b8b"
"""Keys that every simulated account has."""
CHAT: Final = "openai/gpt-oss-120b"
LARGE: Final = "qwen/qwen3-max"
SMALL: Final = "meta-llama/llama-3.1-8b-instruct"
POLICY: Final = Subject(
    kind="model_access_policy",
    base={"key": "ci"},
    create=("model_access_policies.delete", "model_access_policies.set"),
    without={"allowedModels": [], "excludedModels": []},
)
_SET: Final = "model_access_policies.set"


def _edits() -> Iterator[Edit]:
    """Every change but that of the key is one call, which says all: the models of the other list are dropped."""
    yield POLICY.edit("change", {"allowedModels": [CHAT]}, {"allowedModels": [LARGE, SMALL]}, _SET)
    yield POLICY.edit("change", {"excludedModels": [CHAT]}, {"excludedModels": [CHAT, LARGE]}, _SET)
    yield POLICY.edit("to all but some", {"allowedModels": [CHAT]}, {"excludedModels": [CHAT]}, _SET)
    yield POLICY.edit("to some alone", {"excludedModels": [CHAT]}, {"allowedModels": [CHAT]}, _SET)
    yield POLICY.refused("both", {"allowedModels": [CHAT]}, {"allowedModels": [CHAT], "excludedModels": [LARGE]})
    yield POLICY.refused("to an unknown model", {"allowedModels": [CHAT]}, {"allowedModels": ["no/such-model"]})
    yield POLICY.refused("remove", {"allowedModels": [CHAT]}, {})
    some = {"allowedModels": [CHAT]}
    yield POLICY.edit("change", some, {**some, "key": "batches"}, *POLICY.create)
    yield POLICY.refused("to an unknown key", some, {**some, "key": "nobody"})
    yield POLICY.refused("remove", some, {**some, "key": None})


def _specs(fleet: Fleet) -> dict[str, dict[str, Any]]:
    specs: dict[str, dict[str, Any]] = {}
    for name in fleet.choose("model_access_policy", "ab"):
        spec: dict[str, Any] = {"key": {"a": "ci", "b": "batches"}[name]}
        spec["allowedModels" if fleet.flag() else "excludedModels"] = [CHAT, LARGE] if fleet.flag() else [SMALL]
        specs[name] = spec
    return specs


def _create(name: str, spec: Mapping[str, Any], apart: bool) -> tuple[str, dict[str, Any]]:
    """For a key that no fleet has: a key has one policy, and that of another key is never ours."""
    del name, spec, apart
    models = [{"id": SMALL}]
    return _SET, {"string_id": NOTEBOOK, "mode": "selected", "allowedModels": models}


def _edit(id: str, pick: int) -> tuple[str, dict[str, Any]]:
    return _SET, {"string_id": id, "mode": "all_enabled", "excludedModels": [{"id": (CHAT, LARGE)[pick % 2]}]}


FACTS = KindFacts(
    kind="ModelAccessPolicy",
    example_edit={"allowedModels": [LARGE]},
    table="model_access_policies",
    edits=tuple(_edits()),
    sights={
        "key": attribute("name"),
        "allowedModels": attribute("allowed"),
        "excludedModels": attribute("excluded"),
    },
    outsiders=OutsiderCalls(
        create=_create,
        edit=_edit,
        delete=deletes("model_access_policies.delete", "string_id"),
        marked=False,
        apart=("name", "theirs"),
    ),
    fleet=FleetPart(order=7, specs=_specs),
    given={
        "policy": (
            f"/openapi/v2/user/key/{CI}/model-access-policy",
            {"mode": "selected", "allowedModels": [{"type": "llm", "id": CHAT}]},
            0,
            "model_access_policies",
        )
    },
    operations={"create": "set"},
    has_status=False,
)
