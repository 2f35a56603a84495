"""The operations on API keys, on their model access policies, and on the rate quotas of the account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from novita_infra.simulator.answer_schema import EMPTY_OBJECT
from novita_infra.simulator.answers import llm as answers
from novita_infra.simulator.operations import Confidence, Family, IncomingCall, Operation
from novita_infra.simulator.request_schema import Fields, Flag, Items, Text, Whole, may, need
from novita_infra.simulator.world.engine.account_records import ApiKey
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import api_keys, models, tasks

_KEYS: Final = "/openapi/v2/user/key"
_PUBLIC: Final = "Public Endpoint"


def _list(world: World, call: IncomingCall) -> Any:
    api_keys.of_caller(world, call.key)
    return {"keys": [_shown(world, key, summary=call.query["includePolicySummary"]) for key in world.api_keys.listed()]}


def _shown(world: World, key: ApiKey, *, summary: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": key.name,
        "id": api_keys.number_of(key),
        "stringId": key.id,
        "maskedKey": key.masked,
        "memberId": world.owner,
        "uuid": world.owner,
        "expireTime": "never",
        "createTime": datetime.fromtimestamp(key.created, UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "lastUsedAt": key.used,
    }
    if summary:
        row["modelAccessPolicy"] = {"mode": key.mode, **_counts(key)}
    return row


def _counts(key: ApiKey) -> dict[str, int]:
    return {"allowedModelCount": len(key.allowed), "excludedModelCount": len(key.excluded)}


def _policy(world: World, call: IncomingCall) -> Any:
    api_keys.of_caller(world, call.key)
    return _policy_of(world, api_keys.key_of(world, call.path["string_id"]))


def _set_policy(world: World, call: IncomingCall) -> Any:
    body = call.body
    api_keys.of_caller(world, call.key)
    key = api_keys.key_of(world, call.path["string_id"])
    api_keys.set_policy(
        world,
        key,
        mode=body["mode"],
        allowed=[model["id"] for model in body["allowedModels"]],
        excluded=[model["id"] for model in body["excludedModels"]],
    )
    return _policy_of(world, key)


def _reset_policy(world: World, call: IncomingCall) -> Any:
    api_keys.of_caller(world, call.key)
    api_keys.reset_policy(world, api_keys.key_of(world, call.path["string_id"]))
    return {}


def _policy_of(world: World, key: ApiKey) -> dict[str, Any]:
    return {
        "stringId": key.id,
        "policy": {
            "schemaVersion": 1,
            "productScope": "model_api",
            "mode": key.mode,
            "allowedModels": [{"type": "llm", "id": model} for model in key.allowed],
            "excludedModels": [{"type": "llm", "id": model} for model in key.excluded],
            "source": {"type": "private_policy" if key.own else "default"},
        },
        "policyStatus": "active",
        **_counts(key),
        "updatedAt": key.updated,
        "updatedBy": world.owner if key.own else "",
    }


def _quotas(world: World, call: IncomingCall) -> Any:
    query = call.query
    quotas = [
        row
        for row in _rows(world)
        if query["modal"] in {"", row["modal"]}
        and query["quotaType"] in {"", row["quotaType"]}
        and query["productType"] in {"", row["productType"]}
        and query["quotaObject"].lower() in row["quotaObject"].lower()
    ]
    return {"data": quotas, "total": len(quotas)}


def _rows(world: World) -> list[dict[str, Any]]:
    tier = models.tier(world) - 1
    rows = []
    for model in models.MODELS:
        if model.status == 1:
            rows += [
                _row("llm", model.id, kind, tiers, tier) for kind, tiers in (("RPM", model.rpm), ("TPM", model.tpm))
            ]
    for name, kind in tasks.TASK_KINDS.items():
        if kind.minute:
            what = "IPM" if kind.media == "image" else "RPM"
            rows.append(_row("image", name, what, (kind.minute,) * 5, tier))
    return rows


def _row(modal: str, name: str, kind: str, tiers: tuple[int, ...], tier: int) -> dict[str, Any]:
    return {
        "modal": modal,
        "quotaObject": name,
        "quotaType": kind,
        "productType": _PUBLIC,
        "currentQuota": tiers[tier],
        "defaultQuota": tiers[tier],
        "adjustable": modal == "llm",
        "quotaItems": [{"tier": f"T{number}", "quota": quota} for number, quota in enumerate(tiers, start=1)],
    }


_MODELS: Final = may(Items(Fields({"type": may(Text(one_of=("llm",)), "llm"), "id": need(Text(1, 255))})), [])
OPERATIONS = (
    Operation(
        name="account.quotas",
        method="GET",
        path="/openapi/v1/user/quota/list",
        source="quota-list",
        confidence=Confidence.SEEN_LIVE,
        serve=_quotas,
        query=Fields(
            {
                "modal": may(Text(one_of=("", "llm", "image")), ""),
                "quotaType": may(Text(one_of=("", "RPM", "TPM", "IPM")), ""),
                "productType": may(Text(0, 255), ""),
                "quotaObject": may(Text(0, 255), ""),
            }
        ),
        answer=answers.QUOTAS,
        family=Family.ACCOUNT,
    ),
    Operation(
        name="keys.list",
        method="GET",
        path=_KEYS,
        source="key-list-with-model-access",
        confidence=Confidence.DOCUMENTED,
        serve=_list,
        query=Fields({"includePolicySummary": may(Flag(), False)}),
        answer=answers.KEYS,
        family=Family.ACCOUNT,
    ),
    Operation(
        name="keys.policy",
        method="GET",
        path=f"{_KEYS}/{{string_id}}/model-access-policy",
        source="key-get-model-access-policy",
        confidence=Confidence.DOCUMENTED,
        serve=_policy,
        answer=answers.POLICY,
        family=Family.ACCOUNT,
    ),
    Operation(
        name="keys.set_policy",
        method="PUT",
        path=f"{_KEYS}/{{string_id}}/model-access-policy",
        source="key-put-model-access-policy",
        confidence=Confidence.DOCUMENTED,
        serve=_set_policy,
        body=Fields(
            {
                "schemaVersion": may(Whole(1, 1)),
                "productScope": may(Text(one_of=("model_api",))),
                "mode": need(Text(one_of=("all_enabled", "selected"))),
                "allowedModels": _MODELS,
                "excludedModels": _MODELS,
            }
        ),
        answer=answers.POLICY,
        family=Family.ACCOUNT,
    ),
    Operation(
        name="keys.reset_policy",
        method="DELETE",
        path=f"{_KEYS}/{{string_id}}/model-access-policy",
        source="key-delete-model-access-policy",
        confidence=Confidence.DOCUMENTED,
        serve=_reset_policy,
        answer=EMPTY_OBJECT,
        family=Family.ACCOUNT,
    ),
)
