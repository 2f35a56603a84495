"""What came back over the wire, and what a good answer says. Pure; what a refusal means stands in `refusing`."""

from __future__ import annotations

import email.utils
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from novita_infra.api.errors import Unanswered
from novita_infra.api.request import Request

LONGEST_WAIT: Final = 60.0
"""Seconds; a service that asks for more is asked again after these."""


@dataclass(frozen=True, slots=True)
class Response:
    """A whole HTTP answer. The names of the headers are in lower case, or the mapping does not care for case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    """Left out of the repr: a list of credentials carries passwords (gpu-instance-list-container-registry-auth)."""

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace").strip()

    @property
    def is_web_page(self) -> bool:
        """Whether this is HTML: no operation of the API answers so, but proxies, gateways and web sites do."""
        return "text/html" in self._label or self.text[:15].lower().startswith(("<!doctype html", "<html"))

    @property
    def is_json(self) -> bool:
        """Whether it is JSON by its label or by its first character, whole or not."""
        return "json" in self._label or self.body.lstrip()[:1] in {b"{", b"[", b'"'}

    @property
    def _label(self) -> str:
        return self.headers.get("content-type", "").lower()


def content(request: Request, answer: Response) -> Any:
    """What a 2xx answer says: JSON data, a str where the body is text that does not look like JSON, None where empty.

    Raises Unanswered for a body that is broken off, undecodable or a web page: the call was heard, its answer was not.
    """
    if not answer.body.strip():
        return None
    if answer.is_json:
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError):
            # `from None`: the cause carries the body, and the body may carry a password.
            raise Unanswered(request, status=answer.status, text="the answer is broken off or no JSON") from None
    if answer.is_web_page:
        error = Unanswered(request, status=answer.status, text="a web page came instead of an answer")
        error.advice = "check NOVITA_API_URL and the proxy settings"
        raise error
    return answer.text


def asked_wait(headers: Mapping[str, str], now: float) -> float:
    """The seconds of `Retry-After`, given in seconds or as a date, between 0 and LONGEST_WAIT; 0 where there are none.

    A date is read against the answer's own `Date`, so that a clock that is off here does no harm; `now` is in Unix
    seconds and serves where there is no `Date`.
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
