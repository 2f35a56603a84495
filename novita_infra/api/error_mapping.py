"""Maps an answer other than 2xx to the error that it means. Pure and table-driven; it never raises.

The reasons are those of `basic-error-code`; the shapes of the bodies are those that the service sends: flat
`{code, reason, message, metadata}`, a nested `error` (object or string), `title`, `detail`, and plain text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from novita_infra.api.credentials import secrets_in
from novita_infra.api.errors import (
    ApiError,
    AtLimit,
    Busy,
    InUse,
    NoCapacity,
    NoMoney,
    NotFound,
    Refused,
    Throttled,
    Unanswered,
    Unauthorized,
)
from novita_infra.api.redaction import redact
from novita_infra.api.request import Request
from novita_infra.api.responses import Response, asked_wait
from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.model.frozen import dataclass

_REASONS: Final[dict[type[ApiError], str]] = {
    Throttled: "RATE_LIMIT_EXCEEDED TOKEN_LIMIT_EXCEEDED LIST_BILL_TOO_FAST SEND_CODE_TOO_FAST",
    NoCapacity: "INSUFFICIENT_RESOURCE MIGRATE_INSUFFICIENT_RESOURCE GPU_SPEC_USED",
    Busy: """CLUSTER_STATUS NODE_STATUS DEPENDENT_RESOURCE_STATE CONFLICT OPERATION_LIMIT NETWORK_STORAGE_UNAVAILABLE
        CREATING_INSTANCE_NOT_SUPPORT_RENEWAL""",
    NoMoney: """BALANCE_NOT_ENOUGH EXPIRED_OR_BALANCE_NOT_ENOUGH NOT_ENOUGH_BALANCE BILLING_BALANCE_NOT_ENOUGH
        WALLET_NOT_FOUND""",
    AtLimit: "CREATE_INSTANCE_LIMIT NETWORK_MAX_LIMIT NETWORK_STORAGE_TOO_LARGE",
    Unauthorized: """UNAUTHORIZED FORBIDDEN FAILED_TO_AUTH INVALID_API_KEY MISSING_API_KEY GET_TOKEN_FAILED
        INVALID_USER_TOKEN BANNED_USER ACCESS_DENY MODEL_ACCESS_DENIED FEATURE_NOT_ALLOWED API_NOT_ALLOWED
        BILLING_AUTH_FAILED NEED_REAL_NAME_VERIFY USER_NOT_FOUND USER_NOT_ACTIVATED""",
    # Listed so that neither their ending nor the text beside them makes them a NotFound.
    Refused: """VALIDATOR_PARAM VALIDATOR CODEC INVALID_REQUEST_BODY INVALID_COMMAND_PARAM API_NOT_FOUND
        INSTANCE_LOCAL_STORAGE_NOT_FOUND UNSUPPORTED_BILLING_MODE PREPAID_INSTANCE_NOT_SUPPORT_RELEASE""",
}
"""CREATE_INSTANCE_LIMIT is documented as funds or vouchers too low for another instance: the limit depends on them."""

_KNOWN: Final = {reason: kind for kind, reasons in _REASONS.items() for reason in reasons.split()}
_ENDINGS: Final[tuple[tuple[str, type[ApiError]], ...]] = (
    ("_IN_USE", InUse),
    ("_TOO_FAST", Throttled),
    ("NOT_FOUND", NotFound),
)

_SYMBOL: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[_.-][A-Za-z0-9]+)*")
_SYMBOL_IN_TEXT: Final = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
_MISSING: Final = re.compile(r"not foun[dt]\b", re.IGNORECASE)
_MISSING_ROUTE: Final = re.compile(r"\W*(?:(?:404|page|route|path|url|api)\W*)*not foun[dt]\W*", re.IGNORECASE)
_POOR: Final = re.compile(
    r"(?:not enough|insufficient) balance|balance (?:is )?(?:not enough|insufficient)", re.IGNORECASE
)
_PASSING: Final = re.compile(r"invalid state change|cluster is not active", re.IGNORECASE)
"""Refusals without a reason of their own that pass, as clients of the live service met them: the start of an instance
that starts already or runs, and an endpoint 8 to 80 seconds after the last one of the account was deleted."""
_FILTER: Final = re.compile(r"error code: (1\d\d\d)")
"""The text of the web filter in front of the API (Cloudflare's errors 1xxx)."""
_TITLE: Final = re.compile(r"<title[^<>]*>([^<]*)</title", re.IGNORECASE)

_MOST_TEXT: Final = 500
ROUTE_ADVICE: Final = "there is no such route: check NOVITA_API_URL"
"""Where the program itself chose the path; `api` gives another."""
_PAGE_ADVICE: Final = "something other than the API answered: check NOVITA_API_URL and the proxy settings"
_FILTER_ADVICE: Final = (
    "the web filter in front of the API refused the call, not the API: the key may be right; "
    "check the proxy settings, or try from another network"
)
_ACCESS_ADVICE: Final = (
    "the key is right, but its policy allows no calls of this model: `novita-infra keys KEY` shows and changes the "
    "policy, unless a ModelAccessPolicy of a project states it"
)
_BUDGET_ADVICE: Final = "the budget of the member or of the key is exhausted: raise it, or wait for the next month"


def known_reasons(kind: type[ApiError]) -> list[str]:
    """The reasons of the API that mean exactly this error, for the reference; an ending stands as `*_IN_USE`."""
    return [
        *(f"*{ending}" for ending, meant in _ENDINGS if meant is kind),
        *(reason for reason, meant in _KNOWN.items() if meant is kind),
    ]


def refusal(request: Request, answer: Response, *, now: float, hidden: Iterable[str] = ()) -> ApiError:
    """The error that an answer other than 2xx means; `now` in Unix seconds.

    Its text shows none of `hidden`, and no string that the request sent under a key that carries secrets. A status of
    500 or more is Unanswered even if it names a missing object; only throttling and a missing wallet count there.
    """
    said = _read(answer)
    kind = _meaning(answer.status, said)
    secrets = {*secrets_in(request.body), *hidden}
    error = kind(
        request, status=answer.status, reason=redact(said.reason, secrets), text=_shorten(redact(said.text, secrets))
    )
    error.wait = asked_wait(answer.headers, now)
    if answer.is_web_page:
        error.advice = _PAGE_ADVICE
    elif kind is Refused and _FILTER.fullmatch(said.text):
        error.advice = _FILTER_ADVICE
    elif said.reason == "MODEL_ACCESS_DENIED":
        error.advice = _ACCESS_ADVICE
    elif kind is NoMoney and "budget" in said.text.lower():
        error.advice = _BUDGET_ADVICE
    elif (kind is NotFound and _MISSING_ROUTE.fullmatch(said.text)) or (
        kind is Refused and (answer.status in {404, 405} or 300 <= answer.status < 400)
    ):
        error.advice = ROUTE_ADVICE
    return error


@dataclass(frozen=True, slots=True)
class _Said:
    """An error body in one shape."""

    reason: str
    """In upper case."""
    text: str
    structured: bool
    """Whether it was a JSON object with a reason or a text: an application spoke, not a router."""


def _read(answer: Response) -> _Said:
    try:
        body = parse_foreign_json(answer.body)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict):
        return _read_object(body)
    text = body if isinstance(body, str) else answer.text
    if answer.is_web_page:
        title = _TITLE.search(text[:5000])
        text = f"a web page: {title[1]}" if title else "a web page"
    if 300 <= answer.status < 400:
        text = f"a redirect to {answer.headers.get('location', 'somewhere else')}"
    return _Said(_known_symbol(text), text, structured=False)


def _read_object(body: dict[str, Any]) -> _Said:
    nested = body.get("error")
    sources = [body, nested] if isinstance(nested, dict) else [body]
    text = next(_texts(sources), "")
    reason = next(_symbols(sources), "") or _known_symbol(text)
    if text == reason:
        text = ""
    details = [
        f"{name}={item}"
        for source in sources
        if isinstance(source.get("metadata"), dict)
        for name, item in source["metadata"].items()
        if isinstance(item, (str, int, float)) and str(item).strip() and str(item) not in text
    ]
    shown = f"{text} [{', '.join(details)}]".strip() if details else text
    return _Said(reason.upper(), shown, structured=bool(reason or text))


def _symbols(sources: list[dict[str, Any]]) -> Iterator[str]:
    for name in ("reason", "code"):
        for source in sources:
            word = source.get(name)
            if isinstance(word, str) and _SYMBOL.fullmatch(word):
                yield word
    word = sources[0].get("error")
    if isinstance(word, str) and _SYMBOL_IN_TEXT.fullmatch(word):
        yield word


def _texts(sources: list[dict[str, Any]]) -> Iterator[str]:
    for name in ("message", "error", "detail", "details", "msg", "title"):
        for source in sources:
            match source.get(name):
                case str() as text if text.strip():
                    yield text
                case list() | dict() as details if details and name != "error":
                    yield json.dumps(details, ensure_ascii=False)


def _known_symbol(text: str) -> str:
    """The reason inside a text: some clients of the service find it only there."""
    return next((word for word in _SYMBOL_IN_TEXT.findall(text) if _by_reason(word)), "")


def _by_reason(reason: str) -> type[ApiError] | None:
    if reason in _KNOWN:
        return _KNOWN[reason]
    return next((kind for ending, kind in _ENDINGS if reason.endswith(ending)), None)


def _meaning(status: int, said: _Said) -> type[ApiError]:
    known = _by_reason(said.reason)
    if status == 429 or known is Throttled:
        return Throttled
    if status >= 500 or status in {408, 499}:  # 408 and 499: a gateway gave up on a call that may be under way
        return NoMoney if known is NoMoney else Unanswered
    if known in {None, Refused} and _PASSING.search(said.text):
        return Busy
    if not said.structured and _FILTER.fullmatch(said.text):
        return Refused
    return known or _by_status(status, said)


def _by_status(status: int, said: _Said) -> type[ApiError]:
    if status in {400, 402, 403} and _POOR.search(said.text):
        return NoMoney
    match status:
        case 400 if _MISSING.search(said.text):
            return NotFound
        case 401 | 403:
            return Unauthorized
        case 402:
            return NoMoney
        case 404 | 410 if said.structured and not (not said.reason and _MISSING_ROUTE.fullmatch(said.text)):
            return NotFound
        case 409 | 423:
            return Busy
        case _:
            return Refused


def _shorten(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 3]}..."
