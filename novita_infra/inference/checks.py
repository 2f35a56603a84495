"""One attempt of a check: asks a program, a model or a queue, and judges the answer."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from novita_infra.api.errors import ApiError
from novita_infra.api.json_values import int_of, text_of
from novita_infra.api.protocol import ApiClient
from novita_infra.inference.answers import said_in, vectors_in
from novita_infra.inference.calls import chat_call, completion_call, embedding_call
from novita_infra.inference.queues import health_in, health_request
from novita_infra.inference.sending import API_MODELS, Serving, ask_model, read_path
from novita_infra.model.frozen import dataclass
from novita_infra.model.lifecycle import MIN_SUCCEEDED, Check
from novita_infra.model.values import Value, reveal

_PROMPT: Final = "Say OK."
_MOST: Final = 200
"""Characters of an answer that a message quotes."""


@dataclass(frozen=True, slots=True)
class CheckAnswer:
    """The result of one attempt."""

    passed: bool
    said: str
    """What was answered, on one line, bounded and without secrets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedObject:
    """What a check needs of the object."""

    asks_api: bool = False
    """Whether the models of the API are asked, and not a program."""
    url: str = ""
    """The address of its program; empty where it is not known."""
    queue: str = ""
    """The name of its queue."""


async def ask_check(client: ApiClient, check: Check, of: CheckedObject) -> CheckAnswer:
    """Asks once. A failure is no error here.

    The key of the account goes to no program. Its address needs none, and it may ask for the token of the check.
    """
    try:
        if check.type == "queue":
            return await _ask_queue(client, check, of.queue)
        if of.asks_api:
            return await _ask_program(client, check, API_MODELS)
        if not of.url:
            return CheckAnswer(False, "its address is not known")
        return await _ask_program(client, check, Serving(url=of.url, token=text_of(reveal(check.token))))
    except ApiError as error:
        return CheckAnswer(False, _quoted(client, f"there was no good answer: {error}"))


def judge_counts(check: Check, outputs: Mapping[str, Value], errors: str) -> CheckAnswer:
    """Whether enough requests of a job that is over have succeeded. `errors` says where those are that have not."""
    total, succeeded = int_of(outputs.get("requests")), int_of(outputs.get("completed"))
    least = check.asked.get(MIN_SUCCEEDED)
    if not total or succeeded is None:
        return CheckAnswer(False, "its counts are not known")
    if isinstance(least, str):
        enough = succeeded * 100 >= Fraction(least.removesuffix("%")) * total
    else:
        enough = isinstance(least, int) and succeeded >= least
    said = f"{succeeded:,} of {total:,} requests succeeded"
    failed = int_of(outputs.get("failed"), 0)
    return CheckAnswer(enough, said if enough else "; ".join(filter(None, (f"{said} and {failed:,} failed", errors))))


async def _ask_queue(client: ApiClient, check: Check, queue: str) -> CheckAnswer:
    health = health_in(await client.send(health_request(queue)))
    there = (health.idle or 0) + (health.busy or 0)
    return CheckAnswer(there >= _number(check, "workers", 0), f"workers that are up: {there}")


async def _ask_program(client: ApiClient, check: Check, serving: Serving) -> CheckAnswer:
    within, wanted = check.timeout, text_of(check.asked.get("contains"))
    if check.type == "http":
        path = text_of(check.asked.get("path"))
        response = await read_path(client, serving, path, within=within)
        body = response.body.decode("utf-8", "replace")
        passed = response.status == _number(check, "status", 200) and wanted in body
        begins = f", which begins {_quoted(client, body)}" if body.strip() and not passed else ""
        return CheckAnswer(passed, f"GET {path} answered {response.status}{begins}")
    model, prompt = text_of(check.asked.get("model")), text_of(check.asked.get("prompt")) or _PROMPT
    if check.type == "embedding":
        vectors = vectors_in(await ask_model(client, serving, embedding_call(model, [prompt]), within=within))
        return CheckAnswer(any(vectors), f"the answer has {len(vectors[0]) if vectors else 0} numbers")
    call = chat_call(model, prompt) if check.type == "chat" else completion_call(model, prompt)
    text = said_in(await ask_model(client, serving, call, within=within)).text
    said = f"the answer begins {_quoted(client, text)}" if text.strip() else "the answer has no text"
    return CheckAnswer(bool(text.strip()) and wanted in text, said)


def _number(check: Check, name: str, otherwise: int) -> int:
    value = check.asked.get(name)
    return value if isinstance(value, int) else otherwise


def _quoted(client: ApiClient, text: str) -> str:
    """The text as a message may show it."""
    return client.redacted(text[: 10 * _MOST])[:_MOST].strip()
