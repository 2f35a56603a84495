"""The three families of operations say the same things in different words (basic-error-code)."""

from __future__ import annotations

from typing import Final

from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.operations import Family

_BAD_REQUEST: Final = frozenset({"VALIDATOR_PARAM", "CODEC", "REQUEST", "OPERATION_LIMIT"})
"""Reasons that only the GPU family knows."""


def unauthorized(family: Family, key: str) -> ApiRefusal:
    """The answer to a wrong or, with an empty `key`, a missing one."""
    if family is Family.LLM and key:
        return ApiRefusal("FAILED_TO_AUTH", "failed to authenticate API key")
    if family in {Family.LLM, Family.MODEL}:
        return ApiRefusal("INVALID_API_KEY", "invalid api-key")
    return ApiRefusal("UNAUTHORIZED", "the API key is missing or wrong")


def in_words_of(family: Family, refusal: ApiRefusal) -> ApiRefusal:
    """The refusal as this family tells it."""
    if family in {Family.LLM, Family.MODEL} and refusal.reason in _BAD_REQUEST:
        return ApiRefusal("INVALID_REQUEST_BODY", refusal.message)
    return refusal
