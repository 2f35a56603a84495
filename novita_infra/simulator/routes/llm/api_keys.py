"""The operations on API keys, and on the rate quotas of the account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from novita_infra.simulator.answers import llm as answers
from novita_infra.simulator.operations import Confidence, Family, IncomingCall, Operation
from novita_infra.simulator.request_schema import Fields, Flag, Text, may
from novita_infra.simulator.routes.llm import model_access_policies
from novita_infra.simulator.world.engine.account_records import ApiKey
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import api_keys, models, tasks
from novita_infra.simulator.world.llm import model_access_policies as policies

_KEYS: Final = "/openapi/v2/user/key"
_PUBLIC: Final = "Public Endpoint"


def _list(world: World, call: IncomingCall) -> Any:
    keys = api_keys.visible_to(world, call.key)
    return {"keys": [_shown(world, key, summary=call.query["includePolicySummary"]) for key in keys]}


def _shown(world: World, key: ApiKey, *, summary: bool) -> dict[str, Any]:
    row: dict[str, Any] = {
        "name": key.name,
        "id": api_keys.number_of(key),
        "stringId": key.id,
        "maskedKey": key.masked,
        "memberId": api_keys.member_of(world, key),
        "uuid": api_keys.member_of(world, key),
        "expireTime": "never",
        "createTime": datetime.fromtimestamp(key.created, UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "lastUsedAt": key.used,
    }
    if summary:
        row["modelAccessPolicy"] = model_access_policies.summary_of(policies.policy_for(world, key))
    return row


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
)
