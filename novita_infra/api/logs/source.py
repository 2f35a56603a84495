"""The service behind the address of a log: what is asked for, and whether the answer is a log."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

import httpx

from novita_infra.api.streams.addresses import AddressSource


class LogSource:
    """Requests of logs for one account, each with one attempt."""

    def __init__(self, source: AddressSource) -> None:
        self._source = source

    def url(self, address: str) -> httpx.URL | None:
        """The address to read; None for another scheme, and for a foreign host inside this network."""
        return self._source.url(address)

    def open(
        self, url: httpx.URL, *, span: str, limits: httpx.Timeout
    ) -> AbstractAsyncContextManager[httpx.Response | None]:
        """The answer, whose body is not yet read; None if the host has no address that may be read.

        `span` is the Range to ask for; empty for the whole log. Raises httpx.HTTPError, OSError and Problems.
        """
        return self._source.open(url, limits=limits, headers={"Range": span} if span else {})


def is_log(answer: httpx.Response) -> bool:
    """Whether the answer is text as requested: not compressed, and no web page."""
    packed = answer.headers.get("Content-Encoding", "identity") != "identity"
    page = answer.headers.get("Content-Type", "").startswith("text/html")
    return answer.status_code in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT} and not packed and not page
