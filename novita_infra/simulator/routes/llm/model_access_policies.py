"""The operations on the model access policies of keys."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.simulator.answer_schema import EMPTY_OBJECT
from novita_infra.simulator.answers import llm as answers
from novita_infra.simulator.errors import no_such
from novita_infra.simulator.operations import Confidence, Family, IncomingCall, Operation
from novita_infra.simulator.request_schema import Fields, Items, Text, Whole, may, need
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import api_keys
from novita_infra.simulator.world.llm import model_access_policies as policies
from novita_infra.simulator.world.llm.model_access_policies import ModelAccessPolicy

_PATH: Final = "/openapi/v2/user/key/{string_id}/model-access-policy"
_MODELS: Final = may(Items(Fields({"type": may(Text(one_of=("llm",)), "llm"), "id": need(Text(1, 255))})), [])


def summary_of(policy: ModelAccessPolicy | None) -> dict[str, Any]:
    """What the list of the keys shows of a policy, or of the default."""
    return {
        "mode": policy.mode if policy else policies.ALL,
        "allowedModelCount": len(policy.allowed) if policy else 0,
        "excludedModelCount": len(policy.excluded) if policy else 0,
    }


def _get(world: World, call: IncomingCall) -> Any:
    key, visible = api_keys.key_of(world, call.path["string_id"]), api_keys.visible_to(world, call.key)
    if key not in visible:
        raise no_such(f"API key {key.id!r}")
    answer = _shown(world, key.id, policies.policy_for(world, key))
    if api_keys.of_caller(world, call.key).role == api_keys.DEVELOPER:
        for name in ("allowedModels", "excludedModels"):
            del answer["policy"][name]
    return answer


def _set(world: World, call: IncomingCall) -> Any:
    api_keys.check_is_owner(world, call.key)
    body = call.body
    key = api_keys.key_of(world, call.path["string_id"])
    policy = policies.set_policy(
        world,
        key,
        mode=body["mode"],
        allowed=[model["id"] for model in body["allowedModels"]],
        excluded=[model["id"] for model in body["excludedModels"]],
    )
    return _shown(world, key.id, policy)


def _delete(world: World, call: IncomingCall) -> Any:
    api_keys.check_is_owner(world, call.key)
    policies.reset_policy(world, api_keys.key_of(world, call.path["string_id"]))
    return {}


def _shown(world: World, key: str, policy: ModelAccessPolicy | None) -> dict[str, Any]:
    summary = summary_of(policy)
    return {
        "stringId": key,
        "policy": {
            "schemaVersion": 1,
            "productScope": "model_api",
            "mode": summary.pop("mode"),
            "allowedModels": [{"type": "llm", "id": model} for model in (policy.allowed if policy else ())],
            "excludedModels": [{"type": "llm", "id": model} for model in (policy.excluded if policy else ())],
            "source": {"type": "private_policy" if policy else "default"},
        },
        "policyStatus": "active",
        **summary,
        "updatedAt": policy.updated if policy else 0,
        "updatedBy": world.owner if policy else "",
    }


OPERATIONS: Final = (
    Operation(
        name="model_access_policies.get",
        method="GET",
        path=_PATH,
        source="key-get-model-access-policy",
        confidence=Confidence.DOCUMENTED,
        serve=_get,
        answer=answers.READ_POLICY,
        family=Family.ACCOUNT,
    ),
    Operation(
        name="model_access_policies.set",
        method="PUT",
        path=_PATH,
        source="key-put-model-access-policy",
        confidence=Confidence.DOCUMENTED,
        serve=_set,
        body=Fields(
            {
                "schemaVersion": may(Whole(1, 1)),
                "productScope": may(Text(one_of=("model_api",))),
                "mode": need(Text(one_of=(policies.ALL, policies.SELECTED))),
                "allowedModels": _MODELS,
                "excludedModels": _MODELS,
            }
        ),
        answer=answers.POLICY,
        family=Family.ACCOUNT,
    ),
    Operation(
        name="model_access_policies.delete",
        method="DELETE",
        path=_PATH,
        source="key-delete-model-access-policy",
        confidence=Confidence.DOCUMENTED,
        serve=_delete,
        answer=EMPTY_OBJECT,
        family=Family.ACCOUNT,
    ),
)
