"""The wording of refusals in the families of operations (basic-error-code)."""

from __future__ import annotations

from typing import Final

from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.operations import Family

_BAD_REQUEST: Final = frozenset({"VALIDATOR_PARAM", "CODEC", "REQUEST", "OPERATION_LIMIT"})
"""Reasons that only the GPU family has."""


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
