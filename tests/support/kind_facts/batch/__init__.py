"""Batches: jobs over an uploaded input. Nothing but the place of their results can be changed afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from edits import Edit, Fate, Subject
from hypothesis import strategies as st

from kind_facts.common import attribute
from kind_facts.facts import Fleet, FleetPart, KindFacts, OutsiderCalls
from novita_infra.simulator import World

CHAT, COMPLETIONS = "/v1/chat/completions", "/v1/completions"
MODEL, OTHER_MODEL = "deepseek/deepseek-v3-0324", "meta-llama/llama-3.3-70b-instruct"
ASKING = {"messages": [{"role": "user", "content": "Say {{word}}"}], "max_tokens": 10}
COMPLETING = {"prompt": "Say {{word}}", "max_tokens": 10}


def _input(*words: str, template: Mapping[str, Any] = ASKING) -> dict[str, Any]:
    return {"rows": [{"word": word} for word in words], "template": template}


BATCH = Subject(
    kind="batch",
    base={"model": MODEL, "input": _input("one", "two")},
    create=("files.upload", "batches.create"),
    without={"endpoint": CHAT, "completionWindow": "48h"},
)
CHATTING = {"input": _input("one")}
PROMPTING = {"input": _input("one", template=COMPLETING)}


def _edits() -> Iterator[Edit]:
    """A batch that is over is not cancelled: only its record is replaced. The same bytes are uploaded once."""
    yield from BATCH.required("model", MODEL, OTHER_MODEL, *BATCH.create)
    inside = {"model": None, "input": _input("one", "two", template={"model": MODEL, **ASKING})}
    yield BATCH.edit("add", inside, {}, fields=("model",), fate=Fate.FOUND)
    yield from BATCH.required("input", _input("one"), _input("one", "three"), *BATCH.create)
    yield BATCH.edit("add", CHATTING, {**PROMPTING, "endpoint": COMPLETIONS}, *BATCH.create)
    chatting, prompting = {**CHATTING, "endpoint": CHAT}, {**PROMPTING, "endpoint": COMPLETIONS}
    yield BATCH.edit("change", chatting, prompting, *BATCH.create)
    yield BATCH.edit("remove", chatting, CHATTING, fate=Fate.FOUND)
    yield BATCH.refused("to that of other requests", chatting, {**CHATTING, "endpoint": COMPLETIONS})
    window, again = "completionWindow", ("batches.create",)
    for title, before, after in (("add", None, "24h"), ("change", "24h", "48h"), ("remove", "24h", None)):
        yield BATCH.edit(title, {window: before}, {window: after}, *again, fate=Fate.REPLACED)
    yield from BATCH.two("results", "out/one.jsonl", "out/two.jsonl", shows={})


def _lines(world: World, item: Any) -> list[Any]:
    return [json.loads(line) for line in world.contents.get(item.input).splitlines()]


def _model(world: World, item: Any) -> str:
    (model,) = {line["body"]["model"] for line in _lines(world, item)}
    return str(model)


def _requests(world: World, item: Any) -> dict[str, Any]:
    bodies = [line["body"] for line in _lines(world, item)]
    texts = [body.get("prompt") or body["messages"][0]["content"] for body in bodies]
    template = COMPLETING if "prompt" in bodies[0] else ASKING
    return _input(*(text.removeprefix("Say ") for text in texts), template=template)


def _specs(fleet: Fleet) -> dict[str, dict[str, Any]]:
    specs = {}
    for name in fleet.choose("batch", "a"):
        spec: dict[str, Any] = {"model": MODEL, "input": fleet.draw(st.sampled_from((_input("one"), _input("two"))))}
        fleet.set_some(spec, completionWindow=["24h", "48h"], results=["out/a.jsonl"])
        specs[name] = spec
    return specs


def _create(name: str, spec: Mapping[str, Any], apart: bool) -> tuple[str, dict[str, Any]]:
    """Refused: no event can upload a file."""
    del spec, apart
    return "batches.create", {"input_file_id": f"file_of_{name}", "endpoint": CHAT}


_CREATION = ("/openai/v1/batches", {"input_file_id": "$input", "endpoint": CHAT})

FACTS = KindFacts(
    kind="Batch",
    example_edit={"results": "out/edited.jsonl"},
    slow=("create", "replace: create"),
    table="batches",
    edits=tuple(_edits()),
    sights={
        "model": _model,
        "input": _requests,
        "endpoint": attribute("endpoint"),
        "completionWindow": attribute("window"),
    },
    outsiders=OutsiderCalls(create=_create, delete=lambda id: ("batches.cancel", {"batch_id": id})),
    fleet=FleetPart(order=7, specs=_specs),
    given={
        "input": (
            "/openai/v1/files",
            {
                "form": {"purpose": "batch"},
                "file": "".join(
                    json.dumps({"custom_id": word, "body": {"model": MODEL, **ASKING}}) + "\n" for word in "ab"
                ),
            },
            0,
            "files",
        ),
        "batch": (*_CREATION, 100, "batches"),
        "running": (*_CREATION, 4, "batches"),
    },
    operations={"delete": "cancel", "fetch": "get"},
    completes=True,
)
