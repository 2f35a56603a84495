"""HTTP answers, and the content of a 2xx answer. Pure; `error_mapping` reads the other answers."""

from __future__ import annotations

import email.utils
import math
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from typing import Any, Final

from novita_infra.api.errors import Unanswered
from novita_infra.api.request import Request
from novita_infra.encoding.json_text import parse_foreign_json
from novita_infra.model.frozen import dataclass

LONGEST_WAIT: Final = 60.0
"""The longest wait in seconds, even if the service asks for more."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole HTTP answer. The names of the headers are in lower case, or the mapping ignores case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    """Left out of the repr: a list of credentials carries passwords (gpu-instance-list-container-registry-auth)."""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace").strip()

    @property
    def is_web_page(self) -> bool:
        """Whether this is HTML: proxies, gateways and web sites send it, and no operation of the API."""
        return "text/html" in self._label or self.text[:15].lower().startswith(("<!doctype html", "<html"))

    @property
    def is_json(self) -> bool:
        """Whether it is JSON by its label or by its first character, whole or not."""
        return self.body.lstrip()[:1] in {b"{", b"[", b'"'} or "json" in self._label

    @property
    def _label(self) -> str:
        return self.headers.get("content-type", "").lower()


def content(request: Request, answer: Response) -> Any:
    """The content of a 2xx answer: JSON data, a str for text that does not look like JSON, None for an empty body.

    Raises Unanswered for a truncated or undecodable body or a web page: the call arrived, its answer did not.
    """
    if not answer.body.strip():
        return None
    if answer.is_json:
        try:
            return parse_foreign_json(answer.body)
        except (ValueError, RecursionError):
            # `from None`: the cause carries the body, and the body may carry a password.
            raise Unanswered(request, status=answer.status, text="the answer is broken off or no JSON") from None
    if answer.is_web_page:
        error = Unanswered(request, status=answer.status, text="a web page came instead of an answer")
        error.advice = "check NOVITA_API_URL and the proxy settings"
        raise error
    return answer.text


def asked_wait(headers: Mapping[str, str], now: float) -> float:
    """The seconds of `Retry-After`, given in seconds or as a date, between 0 and LONGEST_WAIT; 0 without it.

    A date is compared with the answer's own `Date`, so that a wrong clock of this machine does no harm. `now`, in Unix
    seconds, is used for an answer without `Date`.
    """
    text = headers.get("retry-after", "").strip()
    try:
        seconds = float(text)
    except ValueError:
        until = _unix(text)
        seconds = 0.0 if until is None else until - (_unix(headers.get("date", "")) or now)
    return 0.0 if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_WAIT)


def _unix(date: str) -> float | None:
    try:
        moment: datetime = email.utils.parsedate_to_datetime(date)
        return moment.timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
