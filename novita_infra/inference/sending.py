"""Sends a call to a model of the API, or to the program of an endpoint.

The key of the account goes to the API alone. The program of an endpoint gets the token that is given for it, or none:
its address needs no key (serverless.md), and what runs behind it is an image of anybody.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import field
from typing import Any, Final

from novita_infra.api.errors import Unanswered
from novita_infra.api.protocol import ApiClient
from novita_infra.api.request import Request
from novita_infra.api.responses import Response, content
from novita_infra.api.streams.calls import MOST, AddressedCall
from novita_infra.api.streams.events import EventReader
from novita_infra.inference.answers import TextPiece, piece_of, said_in
from novita_infra.inference.calls import MODELS, ModelCall
from novita_infra.model.frozen import dataclass

SILENCE: Final = 600.0
"""Seconds without a byte: an endpoint without a worker answers when one has started, and a long text takes long."""


@dataclass(frozen=True, slots=True)
class Serving:
    """Who answers: the models of the API, or the program of an endpoint."""

    url: str = ""
    """Of the endpoint; empty for the API."""
    token: str = field(default="", repr=False)
    """What the program of the endpoint asks for as its key; empty if it asks for none."""

    def address(self, path: str) -> str:
        """The address of a path."""
        return f"{self.url.rstrip('/')}{path}" if self.url else f"{MODELS}{path}"


API_MODELS: Final = Serving()


async def ask_model(client: ApiClient, serving: Serving, call: ModelCall, *, within: float = SILENCE) -> Any:
    """The whole answer as JSON data. Raises ApiError: the meaning of an answer that is no 2xx, or that none came."""
    request, asked = _asked(serving, call, within)
    try:
        async with asyncio.timeout(within), client.addressed.open(asked) as answer:
            body = await answer.whole(MOST)
            return content(request, Response(answer.status, answer.headers, body))
    except TimeoutError:
        raise Unanswered(request, text=f"no answer within {within:g} s") from None
    except ValueError:
        raise Unanswered(request, text=f"the answer is larger than {MOST >> 20} MiB", repeats=False) from None


async def stream_model(client: ApiClient, serving: Serving, call: ModelCall) -> AsyncGenerator[TextPiece, None]:
    """The pieces of the answer to a chat or a completion as they come; one of a program that does not stream.

    Raises ApiError; Unanswered if the service ends the answer with an error, or the connection breaks in the middle.
    """
    request, asked = _asked(serving, call.streamed, SILENCE, accept="text/event-stream, application/json")
    async with client.addressed.open(asked) as answer:
        if answer.media != "text/event-stream":
            whole = Response(answer.status, answer.headers, await _body(answer.whole(MOST), request))
            yield said_in(content(request, whole))
            return
        reader, ended = EventReader(), False
        async with aclosing(answer.pieces()) as pieces:
            async for part in pieces:
                for data in reader.read(part):
                    ended = ended or data.strip() == "[DONE]"
                    if piece := _checked(client, request, data):
                        yield piece
        for data in reader.read(b"", final=True):
            ended = ended or data.strip() == "[DONE]"
            if piece := _checked(client, request, data):
                yield piece
        if not ended:
            raise Unanswered(request, text="the answer ended in the middle")


async def read_path(client: ApiClient, serving: Serving, path: str, *, within: float) -> Response:
    """The answer of the program of an endpoint to a GET of the path, whatever its status.

    Raises Refused for an address that may not be called, Unreachable, and Unanswered after `within` seconds.
    """
    call = AddressedCall(address=serving.address(path), token=serving.token, accept="*/*", silence=within)
    return await client.addressed.fetch(call, within=within)


def _asked(
    serving: Serving, call: ModelCall, silence: float, *, accept: str = "application/json"
) -> tuple[Request, AddressedCall]:
    address = serving.address(call.type.value)
    asked = AddressedCall(
        address=address,
        method="POST",
        body=call.body,
        keyed=not serving.url,
        token=serving.token,
        accept=accept,
        silence=silence,
    )
    return Request("POST", address, body=call.body), asked


async def _body(whole: Any, request: Request) -> bytes:
    try:
        return bytes(await whole)
    except ValueError:
        raise Unanswered(request, text=f"the answer is larger than {MOST >> 20} MiB", repeats=False) from None


def _checked(client: ApiClient, request: Request, data: str) -> TextPiece | None:
    piece = piece_of(data)
    if piece is not None and piece.trouble:
        raise Unanswered(request, text=client.redacted(piece.trouble), repeats=False)
    return piece
