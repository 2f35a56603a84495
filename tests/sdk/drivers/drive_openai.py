"""Drives the official OpenAI library, PyPI `openai`, against the compatible part of the API, on both of its paths."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from itertools import islice
from typing import Any

from harness import KEY, Calls, check
from openai import AsyncOpenAI, OpenAI
from openai._resource import SyncAPIResource
from pydantic import BaseModel

CHAT, VECTORS = "deepseek/deepseek-v3-0324", "baai/bge-m3"
LINE = f'{{"custom_id": "a", "body": {{"model": "{CHAT}", "messages": [{{"role": "user", "content": "x"}}]}}}}\n'
SERVED = ("batches", "chat", "completions", "embeddings", "files", "models", "responses")
MESSAGES = [{"role": "user", "content": "hello"}]


class Answer(BaseModel):
    """What `parse` is asked for."""

    text: str


def methods(resource: Any, path: str = "") -> Iterator[str]:
    """The names of all methods of the served resources, and those of the other resources."""
    for name, member in inspect.getmembers(type(resource)):
        if name.startswith(("_", "with_")):
            continue
        if type(member).__name__ == "cached_property":
            if not path and name not in SERVED:
                yield name  # to import all of them takes seconds
            elif isinstance(inner := getattr(resource, name), SyncAPIResource):
                yield from methods(inner, f"{path}{name}.")
        elif path and inspect.isfunction(member):
            yield path + name


class Driver:
    """One run through the served resources."""

    def __init__(self) -> None:
        self.calls = Calls()
        self.client = OpenAI(api_key=KEY, base_url=f"{self.calls.url}/openai/v1", max_retries=0)
        self.old = OpenAI(api_key=KEY, base_url=f"{self.calls.url}/v3/openai", max_retries=0)

    def ask(self, name: str, /, *args: Any, client: Any = None, **values: Any) -> Any:
        method: Any = client or self.client
        for part in name.split("."):
            method = getattr(method, part)
        return self.calls.call(name, method, *args, **values)

    def models(self) -> None:
        for client in (self.client, self.old):
            listed = list(self.ask("models.list", client=client))
            check(any(item.id == CHAT for item in listed), "the model is not listed")
            check(self.ask("models.retrieve", CHAT, client=client).id == CHAT, "another model")

    def texts(self) -> None:
        for client in (self.client, self.old):
            chat = self.ask("chat.completions.create", client=client, model=CHAT, messages=MESSAGES, max_tokens=5)
            check(chat.choices[0].message.role == "assistant" and chat.usage.total_tokens, "no answer")
            usage = {"include_usage": True}
            stream = self.ask(
                "chat.completions.create",
                client=client,
                model=CHAT,
                messages=MESSAGES,
                max_tokens=5,
                stream=True,
                stream_options=usage,
            )
            check([part.usage for part in stream][-1], "no usage in the last part")
            text = self.ask("completions.create", client=client, model=CHAT, prompt="x", max_tokens=5)
            check(text.choices, "no answer")
            check(list(self.ask("completions.create", client=client, model=CHAT, prompt="x", stream=True)), "no parts")

        def streamed() -> None:
            with self.client.chat.completions.stream(model=CHAT, messages=MESSAGES, max_tokens=500) as events:
                check(list(events) and events.get_final_completion().choices, "no final answer")

        self.calls.call("chat.completions.stream", streamed)
        self.ask("chat.completions.parse", model=CHAT, messages=MESSAGES, max_tokens=500)

    def vectors(self) -> None:
        for form in ("float", "base64"):
            answer = self.ask("embeddings.create", model=VECTORS, input=["a", "b"], encoding_format=form)
            check(len(answer.data) == 2, "not two")
        plain = self.ask("embeddings.create", model=VECTORS, input="a", client=self.old)
        check(isinstance(plain.data[0].embedding[0], float), "no numbers")
        check(
            len(self.ask("embeddings.create", model=VECTORS, input="a", dimensions=8).data[0].embedding) == 8, "not 8"
        )

    def responses(self) -> None:
        listed = self.client.models.list().data
        model = next(one.id for one in listed if "responses" in (one.model_dump().get("endpoints") or ()))
        check(self.ask("responses.create", model=model, input="x", max_output_tokens=5).output_text, "no text")
        check(list(self.ask("responses.create", model=model, input="x", stream=True)), "no events")

        def streamed() -> None:
            with self.client.responses.stream(model=model, input="x") as events:
                check(list(events) and events.get_final_response().output_text, "no final answer")

        self.calls.call("responses.stream", streamed)
        self.ask("responses.parse", model=model, input="x")

    def files_and_batches(self) -> None:
        files = [self.ask("files.create", file=(f"{n}.jsonl", LINE.encode()), purpose="batch").id for n in range(5)]
        check(
            len({item.id for item in islice(self.ask("files.list", limit=2), 100)}) >= 5,
            "the pages do not show all files",
        )
        check(self.ask("files.retrieve", files[0]).purpose == "batch", "another purpose")
        check(self.ask("files.content", files[0]).text == LINE, "another content")
        self.ask("files.retrieve_content", files[0])
        self.ask("files.wait_for_processing", files[0], poll_interval=0.1, max_wait_seconds=0.1)
        endpoint = "/v1/chat/completions"
        batches = [
            self.ask("batches.create", input_file_id=file, endpoint=endpoint, completion_window="24h").id
            for file in files[:3]
        ]
        check(
            len({item.id for item in islice(self.ask("batches.list", limit=2), 100)}) >= 3,
            "the pages do not show all batches",
        )
        self.ask("batches.cancel", batches[0])
        self.calls.advance(200_000)
        done = self.ask("batches.retrieve", batches[1])
        check(done.status.lower() == "completed" and self.client.files.content(done.output_file_id).text, done.status)
        check(self.ask("files.delete", files[0]).deleted, "not deleted")

    async def asynchronously(self) -> None:
        """The asynchronous client makes the same requests: one of each form."""
        async with AsyncOpenAI(api_key=KEY, base_url=f"{self.calls.url}/openai/v1", max_retries=0) as client:
            check((await client.models.list()).data, "no models")
            stream = await client.chat.completions.create(model=CHAT, messages=MESSAGES, max_tokens=5, stream=True)
            check([part async for part in stream], "no parts")
            listed = await client.files.list(limit=2)
            check(listed.has_next_page(), "no second page")


def main() -> None:
    driver = Driver()
    for part in (driver.models, driver.texts, driver.vectors, driver.responses, driver.files_and_batches):
        driver.calls.call(part.__name__, part)
    driver.calls.call("asynchronously", lambda: asyncio.run(driver.asynchronously()))
    driver.calls.end([*methods(driver.client)])


main()
