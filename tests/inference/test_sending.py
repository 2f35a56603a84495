"""Calls of models and of endpoints against the simulator, and what the answers in pieces become."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from foreign_objects import make_foreign
from rig import Rig
from virtual import VirtualClock

from novita_infra.api.client import Client
from novita_infra.api.errors import ApiError, NotFound, Refused, Unanswered
from novita_infra.inference.answers import TextPiece, TokenUsage, relevances_in, said_in, usage_in, vectors_in
from novita_infra.inference.calls import (
    ModelCall,
    SamplingOptions,
    chat_call,
    completion_call,
    embedding_call,
    rerank_call,
)
from novita_infra.inference.sending import API_MODELS, Serving, ask_model, read_path, stream_model

T = TypeVar("T")
LLAMA = "meta-llama/llama-3.1-8b-instruct"


def using(rig: Rig, work: Callable[[Client], Awaitable[T]]) -> T:
    async def story() -> T:
        async with rig.client() as client:
            return await work(client)

    return rig.clock.run(story())


def asked(rig: Rig, call: ModelCall, serving: Serving = API_MODELS) -> Any:
    return using(rig, lambda client: ask_model(client, serving, call))


def streamed(rig: Rig, call: ModelCall, serving: Serving = API_MODELS) -> list[TextPiece]:
    async def collect(client: Client) -> list[TextPiece]:
        async with aclosing(stream_model(client, serving, call)) as pieces:
            return [piece async for piece in pieces]

    return using(rig, collect)


def an_endpoint(rig: Rig, **worker: int) -> Serving:
    workers = {"minNum": 1, "maxNum": 2, "freeTimeout": 60, "maxConcurrent": 1, "gpuNum": 1, **worker}
    id = make_foreign(rig, "endpoint", {"workerConfig": workers, "healthy": {"path": "/alive"}})
    endpoint = rig.world.endpoints.get(id)
    assert endpoint is not None
    return Serving(f"https://{id}-{endpoint.app_name}.runsync.novita.dev")


@pytest.mark.parametrize("call", [chat_call(LLAMA, "Hello", system="Short."), completion_call(LLAMA, "Once")])
def test_the_pieces_of_an_answer_are_the_whole_answer(tmp_path: Path, call: ModelCall) -> None:
    rig = Rig(tmp_path)
    whole = said_in(asked(rig, call))
    pieces = streamed(rig, call)
    assert len(pieces) > 5
    assert "".join(piece.text for piece in pieces) == whole.text
    assert [piece.finish for piece in pieces if piece.finish] == [whole.finish] == ["stop"]
    assert [piece.usage for piece in pieces if piece.usage] == [whole.usage]
    assert whole.usage is not None
    assert whole.usage.sent
    assert {piece.model for piece in pieces} == {LLAMA}


def test_the_options_reach_the_model(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    cut = said_in(asked(rig, chat_call(LLAMA, "Hello", options=SamplingOptions(max_tokens=3, temperature=0))))
    assert (cut.finish, cut.usage and cut.usage.made) == ("length", 3)


def test_embeddings_and_documents_come_in_order(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    answer = asked(rig, embedding_call("baai/bge-m3", ["a", "b"], dimensions=8))
    first, second = vectors_in(answer)
    assert len(first) == len(second) == 8
    assert first != second
    assert usage_in(answer) == TokenUsage(2, None)
    found = relevances_in(asked(rig, rerank_call("baai/bge-reranker-v2-m3", "red fox", ["x", "a red fox"], top=1)))
    assert [one.index for one in found] == [1]


def test_a_model_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    with pytest.raises(NotFound, match="MODEL_NOT_FOUND"):
        asked(rig, chat_call("no/such-model", "Hello"))


def test_an_endpoint_answers_when_a_worker_runs_and_gets_no_key(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    serving = an_endpoint(rig, minNum=0, freeTimeout=1000)
    with pytest.raises(Unanswered, match="no worker is ready"):
        asked(rig, chat_call("any", "Hello"), serving)
    using(rig, lambda _: rig.clock.sleep(20))
    assert said_in(asked(rig, chat_call("any", "Hello"), serving)).text
    assert "".join(piece.text for piece in streamed(rig, completion_call("any", "Once"), serving))
    assert len(vectors_in(asked(rig, embedding_call("any", ["a"]), serving))) == 1
    for path, status in (("/alive", 200), ("/health", 200), ("/v1/models", 200), ("/elsewhere", 404)):
        answer = using(rig, lambda client, path=path: read_path(client, serving, path, within=10))  # type: ignore[misc]
        assert answer.status == status


def test_a_call_wakes_an_endpoint_without_workers(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    serving = an_endpoint(rig, minNum=0, freeTimeout=1000)
    using(rig, lambda _: rig.clock.sleep(60))
    assert using(rig, lambda client: read_path(client, serving, "/alive", within=10)).status == 503
    using(rig, lambda _: rig.clock.sleep(20))
    assert using(rig, lambda client: read_path(client, serving, "/alive", within=10)).status == 200


def test_an_endpoint_that_is_gone_is_refused(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    gone = Serving("https://gone-gone.runsync.novita.dev")
    with pytest.raises(Refused, match="no such endpoint"):
        asked(rig, chat_call("any", "Hello"), gone)


def from_service(answer: httpx.Response, *, token: str = "") -> tuple[list[str], ApiError | None, list[httpx.Request]]:
    """The texts of the pieces of an answer, the error that ends them, and what was sent."""
    clock, sent = VirtualClock(), list[httpx.Request]()

    def serve(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return answer

    async def story() -> tuple[list[str], ApiError | None]:
        texts: list[str] = []
        transport = httpx.MockTransport(serve)
        async with Client(
            url="https://api.novita.ai", key="sk_own", clock=clock, random=random.Random(0), transport=transport
        ) as client:
            serving = Serving("https://x-y.runsync.novita.dev", token)
            try:
                async with aclosing(stream_model(client, serving, chat_call("m", "Hello"))) as pieces:
                    async for piece in pieces:
                        texts.append(piece.text)  # noqa: PERF401 -- what came before an error counts
            except ApiError as error:
                return texts, error
            return texts, None

    return *clock.run(story()), sent


def events(*data: str) -> httpx.Response:
    return httpx.Response(
        200, headers={"Content-Type": "text/event-stream"}, content="".join(f"data: {one}\n\n" for one in data).encode()
    )


PIECE = '{"choices": [{"delta": {"content": "a"}}]}'


def test_a_stream_without_an_end_is_an_answer_that_broke_off() -> None:
    texts, error, _ = from_service(events(PIECE, PIECE))
    assert texts == ["a", "a"]
    assert isinstance(error, Unanswered)
    assert "the answer ended in the middle" in str(error)


def test_an_error_in_the_middle_of_a_stream_is_told() -> None:
    texts, error, _ = from_service(events(PIECE, '{"error": {"message": "out of memory with sk_own"}}', "[DONE]"))
    assert texts == ["a"]
    assert "out of memory" in str(error)
    assert "sk_own" not in str(error)


def test_a_program_that_does_not_stream_gives_one_piece() -> None:
    whole = httpx.Response(200, json={"choices": [{"message": {"content": "all of it"}, "finish_reason": "stop"}]})
    texts, error, sent = from_service(whole, token="of-the-program")
    assert (texts, error) == (["all of it"], None)
    assert sent[0].headers["Authorization"] == "Bearer of-the-program"


def test_strange_events_are_left_out() -> None:
    texts, error, _ = from_service(events("[1, 2]", "nothing", "{", '"x"', PIECE, "{}", "[DONE]"))
    assert [text for text in texts if text] == ["a"]
    assert error is None
