"""Where a download goes: an open file, and how far it is."""

from __future__ import annotations

import re
from typing import BinaryIO, Final

import httpx

from novita_infra.api.responses import Response
from novita_infra.api.transfers.form import Moved
from novita_infra.api.transport.bodies import checked_size
from novita_infra.api.transport.client_pools import ClientPools
from novita_infra.model.diagnostics import Problems, problem

_SPAN: Final = re.compile(r"bytes (?P<start>[0-9]{1,18})-[0-9]{1,18}/(?:[0-9]{1,18}|\*)")
_RANGE: Final = httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE


class Sink:
    """Bytes of one download, also over several attempts: the next goes on where the last broke off, if it can."""

    def __init__(self, file: BinaryIO, moved: Moved) -> None:
        """`file` is empty and at its begin."""
        self._file = file
        self._moved = moved
        self.position = 0
        """The bytes that have come."""

    @property
    def headers(self) -> dict[str, str]:
        """What to ask for. A packed answer could not be continued."""
        span = {"Range": f"bytes={self.position}-"} if self.position else {}
        return {"Accept": "*/*", "Accept-Encoding": "identity", **span}

    async def receive(self, pools: ClientPools, request: httpx.Request) -> httpx.Response:
        """The answer without its body, which is in the file; with it, if it is no answer of success.

        Raises an httpx.HTTPError, and Problems if the file cannot be written.
        """
        with pools.one() as http:
            answer = await http.send(request, stream=True, follow_redirects=False)
            try:
                if answer.status_code == _RANGE and self.position:
                    raise self._misplaced()
                about = Response(answer.status_code, answer.headers)
                if not answer.is_success or about.is_web_page:
                    return httpx.Response(answer.status_code, headers=_plain(answer), content=await _bounded(answer))
                self._begin(self._start(answer))
                if answer.is_stream_consumed:  # a service in this process gives an answer whole
                    self._write(answer.content)
                    return httpx.Response(answer.status_code)
                async for piece in answer.aiter_raw():
                    self._write(piece)
            finally:
                await answer.aclose()
        return httpx.Response(answer.status_code, headers={"date": answer.headers.get("date", "")})

    def _start(self, answer: httpx.Response) -> int:
        """The place of the first byte of the answer. Raises httpx.DecodingError."""
        packed = answer.headers.get("content-encoding", "identity")
        if packed.lower() != "identity":
            raise httpx.DecodingError("the content is packed, which was not asked for")
        if answer.status_code != httpx.codes.PARTIAL_CONTENT:
            return 0
        match = _SPAN.fullmatch(answer.headers.get("content-range", ""))
        if match is None or int(match["start"]) != self.position:
            raise self._misplaced()
        return self.position

    def _misplaced(self) -> httpx.DecodingError:
        """The error after which the download begins again."""
        self._begin(0)
        return httpx.DecodingError("the content cannot be continued")

    def _begin(self, at: int) -> None:
        try:
            self._file.seek(at)
            self._file.truncate()
        except OSError as error:
            raise _unwritable(error) from None
        self.position = at
        self._moved(at)

    def _write(self, piece: bytes) -> None:
        try:
            self._file.write(piece)
        except OSError as error:
            raise _unwritable(error) from None
        self.position += len(piece)
        self._moved(self.position)


async def _bounded(answer: httpx.Response) -> bytes:
    if answer.is_stream_consumed:
        return answer.content
    body = bytearray()
    async for piece in answer.aiter_bytes():
        body += piece
        checked_size(len(body))
    return bytes(body)


def _plain(answer: httpx.Response) -> httpx.Headers:
    return httpx.Headers([(name, value) for name, value in answer.headers.raw if name.lower() != b"content-encoding"])


def _unwritable(error: OSError) -> Problems:
    return problem(
        f"the download cannot be written: {error.strerror}", "check the free space; then run the same command again"
    )
