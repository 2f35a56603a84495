"""The reasons and the wording of refusals in the families of operations (basic-error-code)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from novita_infra.simulator.answers import account, machines, resources
from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.operations import Family
from novita_infra.simulator.profiles import Quirks

_GENERIC: Final = (
    "RESOURCE_NOT_FOUND",
    "CONFLICT",
    "VALIDATOR_PARAM",
    "REQUEST",
    "CODEC",
    "OPERATION_LIMIT",
    "INVALID_COMMAND_PARAM",
    "DEPENDENT_RESOURCE_STATE",
)
_USER: Final = ("USER_NOT_FOUND", "BANNED_USER", "INVALID_USER_TOKEN", "GET_TOKEN_FAILED")
_LLM: Final = {
    400: ("INVALID_REQUEST_BODY", "REQUEST", "VALIDATOR_PARAM", "CODEC"),
    401: ("FAILED_TO_AUTH",),
    403: ("INVALID_API_KEY", "NOT_ENOUGH_BALANCE", "ACCESS_DENY", "model_access_denied"),
    404: ("MODEL_NOT_FOUND", "FILE_NOT_FOUND", "BATCH_NOT_FOUND"),
    429: ("RATE_LIMIT_EXCEEDED", "TOKEN_LIMIT_EXCEEDED"),
    500: ("MODEL_NOT_AVAILABLE", "UNKNOWN"),
    503: ("SERVICE_NOT_AVAILABLE",),
}
_BAD_REQUEST: Final = frozenset({"VALIDATOR_PARAM", "CODEC", "REQUEST", "OPERATION_LIMIT"})
"""Reasons that only the GPU family has."""
REASONS: Final[Mapping[Family, Mapping[int, tuple[str, ...]]]] = {
    Family.GPU: {
        400: _GENERIC + machines.REFUSALS + account.MONEY_REFUSALS + resources.REFUSALS + _USER,
        401: ("UNAUTHORIZED",),
        403: ("FORBIDDEN",),
        429: ("RATE_LIMIT_EXCEEDED",),
        500: ("UNKNOWN", "WALLET_NOT_FOUND"),
        503: ("SERVICE_NOT_AVAILABLE",),
    },
    Family.ACCOUNT: {
        400: ("INVALID_BILL_CYCLE", "INVALID_PRODUCT_CATEGORY", *_GENERIC, *_USER),
        401: ("UNAUTHORIZED",),
        403: ("FORBIDDEN",),
        429: ("LIST_BILL_TOO_FAST", "RATE_LIMIT_EXCEEDED"),
        500: ("LIST_BILL_ERROR", "UNKNOWN"),
        503: ("SERVICE_NOT_AVAILABLE",),
    },
    Family.LLM: _LLM,
    Family.MODEL: {
        400: ("INVALID_REQUEST_BODY", "MISSING_API_KEY", "BILLING_BALANCE_NOT_ENOUGH", "REQUEST", "CODEC"),
        401: ("FAILED_TO_AUTH",),
        403: ("INVALID_API_KEY", "BILLING_AUTH_FAILED", "FEATURE_NOT_ALLOWED", "API_NOT_ALLOWED"),
        404: ("API_NOT_FOUND", "TASK_NOT_FOUND"),
        429: ("RATE_LIMIT_EXCEEDED",),
        500: ("TASK_FAILED", "BILLING_FAILED", "CREATE_TASK_FAILED", "GET_RESULT_FAILED", "UNKNOWN"),
        503: ("SERVICE_NOT_AVAILABLE",),
    },
}


def reasons_by_status(family: Family, quirks: Quirks) -> dict[int, tuple[str, ...]]:
    """The reasons of a family by status. Some profiles answer an absent GPU object with another status."""
    table = dict(REASONS[family])
    if family in {Family.GPU, Family.ACCOUNT} and quirks.not_found_status != 400:
        absent = tuple(reason for reason in table[400] if reason.endswith("_NOT_FOUND"))
        table[400] = tuple(reason for reason in table[400] if reason not in absent)
        table[quirks.not_found_status] = absent
    if family is Family.GPU and quirks.absent_instance_status not in table:
        table[quirks.absent_instance_status] = ("RESOURCE_NOT_FOUND",)
    return table


def unauthorized(family: Family, key: str) -> ApiRefusal:
    """The refusal of a wrong key; of a missing one if `key` is empty."""
    if family is Family.LLM and key:
        return ApiRefusal("FAILED_TO_AUTH", "failed to authenticate API key")
    if family in {Family.LLM, Family.MODEL}:
        return ApiRefusal("INVALID_API_KEY", "invalid api-key")
    return ApiRefusal("UNAUTHORIZED", "the API key is missing or wrong")


def in_words_of(family: Family, refusal: ApiRefusal) -> ApiRefusal:
    """The refusal with the reason that the family uses."""
    if family in {Family.LLM, Family.MODEL} and refusal.reason in _BAD_REQUEST:
        return ApiRefusal("INVALID_REQUEST_BODY", refusal.message)
    return refusal
