"""Refusals of the simulated API: the documented reasons and the JSON envelope. No HTTP library is used here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

STATUS: Final[Mapping[str, int]] = {
    "UNAUTHORIZED": 401,
    "FAILED_TO_AUTH": 401,
    "FORBIDDEN": 403,
    "INVALID_API_KEY": 403,
    "NOT_ENOUGH_BALANCE": 403,
    "ACCESS_DENY": 403,
    "model_access_denied": 403,
    "MODEL_NOT_FOUND": 404,
    "API_NOT_FOUND": 404,
    "TASK_NOT_FOUND": 404,
    "RATE_LIMIT_EXCEEDED": 429,
    "TOKEN_LIMIT_EXCEEDED": 429,
    "LIST_BILL_TOO_FAST": 429,
    "UNKNOWN": 500,
    "WALLET_NOT_FOUND": 500,
    "SERVICE_NOT_AVAILABLE": 503,
}
"""The reasons whose status is not HTTP 400 (basic-error-code). Not-found reasons of the GPU family are 400."""


class ApiRefusal(Exception):
    """A refusal by the API. `status` 0 takes the HTTP status of the reason."""

    def __init__(
        self, reason: str, message: str, *, status: int = 0, metadata: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message
        self.status = status or STATUS.get(reason, 400)
        self.missing = not status and reason not in STATUS and reason.endswith("_NOT_FOUND")
        """Whether the refusal is about an absent GPU object. Some profiles answer it with 404."""
        self.metadata = dict(metadata or {})


def envelope(status: int, reason: str, message: str, metadata: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The flat error body of v1: `code` repeats the HTTP status."""
    return {"code": status, "reason": reason, "message": message, "metadata": dict(metadata or {})}


def invalid(field: str, what: str) -> ApiRefusal:
    """The refusal of a parameter outside its documented limits. The message names the field."""
    return ApiRefusal("VALIDATOR_PARAM", f"invalid parameter {field}: {what}", metadata={"field": field})


def not_allowed(what: str) -> ApiRefusal:
    """The refusal of an operation in the present state of the object."""
    return ApiRefusal("OPERATION_LIMIT", what)


def no_such(what: str, *, status: int = 0) -> ApiRefusal:
    """The refusal for an absent object whose type has no not-found reason."""
    return ApiRefusal("RESOURCE_NOT_FOUND", f"{what} not found", status=status)
