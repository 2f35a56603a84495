"""The rate limits of the account's models, and the limits of endpoints: requests, and readers of their answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from novita_infra.api.json_values import flag_of, int_of, object_of, objects_of, text_of
from novita_infra.api.request import Request, get
from novita_infra.model.frozen import dataclass

MODALS: Final = ("llm", "image")
"""The groups of models: a request must name one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """A rate limit of a model. A figure is None where the answer has none."""

    modal: str
    model: str
    measure: str
    """`RPM`, `TPM` or `IPM`: requests, tokens or images a minute."""
    limit: int | None
    default: int | None
    adjustable: bool
    tiers: Mapping[str, int]
    """The limits of all tiers: `T1`."""


def quota_request(modal: str) -> Request:
    """The request for the limits of a group of models (quota-list)."""
    return get("/openapi/v1/user/quota/list", modal=modal)


def rate_limits_in(answer: Any) -> list[RateLimit]:
    """The limits in an answer."""
    return [
        RateLimit(
            modal=text_of(item.get("modal")),
            model=text_of(item.get("quotaObject")),
            measure=text_of(item.get("quotaType")),
            limit=int_of(item.get("currentQuota")),
            default=int_of(item.get("defaultQuota")),
            adjustable=flag_of(item.get("adjustable")),
            tiers=_tiers(item.get("quotaItems")),
        )
        for item in objects_of(object_of(answer).get("data"))
    ]


def endpoint_limits_in(limits: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The limits of endpoints by name, such as `maxWorkerNum` (serverless-query-endpoint-limit)."""
    return [(name, number) for name in sorted(limits) if (number := int_of(limits[name])) is not None]


def _tiers(value: Any) -> dict[str, int]:
    found = ((text_of(item.get("tier")), int_of(item.get("quota"))) for item in objects_of(value))
    return {tier: quota for tier, quota in found if tier and quota is not None}
