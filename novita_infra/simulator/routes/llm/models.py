"""The operations on the catalogues of models: language models, and the older list of image models."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.simulator.answers import llm as answers
from novita_infra.simulator.operations import Confidence, Family, IncomingCall, Operation
from novita_infra.simulator.request_schema import Fields, Flag, Text, Whole, may
from novita_infra.simulator.world.engine.world import World
from novita_infra.simulator.world.llm import image_models, models
from novita_infra.simulator.world.llm.image_models import Checkpoint
from novita_infra.simulator.world.llm.models import Bracket, Model

LLM: Final = "/openai/v1"
BASES: Final = ("/openai", "/v3/openai")
"""The other base paths of chat and models. Files, batches and responses are not served there."""


def aliases(path: str) -> tuple[str, ...]:
    """The same path below the other base paths."""
    return tuple(f"{base}/{path}" for base in BASES)


def _list(world: World, _call: IncomingCall) -> Any:
    return {"data": [_shown(world, model) for model in models.MODELS]}


def _get(world: World, call: IncomingCall) -> Any:
    return _shown(world, models.model_of(call.path["model"]))


def _shown(world: World, model: Model) -> dict[str, Any]:
    page = {
        "id": model.id,
        "object": "model",
        "created": model.created,
        "title": model.id,
        "description": f"{model.name}, one of the models of the simulator.\nIts answers are made up.",
        "context_size": model.context if model.kind == "chat" else 0,
        "input_token_price_per_m": 0 if model.brackets else model.input,
        "output_token_price_per_m": 0 if model.brackets else model.output,
    }
    if not world.quirks.models_in_full:
        return page
    return page | {
        "owned_by": "unknown",
        "permission": None,
        "root": "",
        "parent": "",
        "display_name": model.name,
        "status": model.status,
        "model_type": model.kind,
        "max_output_tokens": model.longest,
        "endpoints": list(model.endpoints),
        "features": list(model.features),
        "input_modalities": list(model.sees),
        "output_modalities": ["text"],
        "tags": [],
        "pricing": _pricing(model.input, model.output),
        "is_tiered_billing": bool(model.brackets),
        "tiered_billing_configs": [_bracket(bracket) for bracket in model.brackets],
    }


def _bracket(bracket: Bracket) -> dict[str, Any]:
    return {
        "min_tokens": bracket.low,
        "max_tokens": bracket.high,
        "pricing": _pricing(bracket.input, bracket.output),
    }


def _pricing(price_in: int, price_out: int) -> dict[str, Any]:
    return {
        "prompt": _price(price_in),
        "completion": _price(price_out),
        "input_cache_read": _price(0),
        "input_cache_write": _price(0),
    }


def _price(price: int) -> dict[str, Any]:
    return {"price_per_m": price, "price_per_m_decimal": f"{price // 10_000}.{price % 10_000:04}"}


def _checkpoints(world: World, call: IncomingCall) -> Any:
    query = call.query
    words = query["filter.query"].lower()
    matching = [
        one
        for one in image_models.CHECKPOINTS
        if query["filter.visibility"] in {"", "public"}
        and query["filter.source"] in {"", one.source}
        and query["filter.types"] in {"", one.type}
        and query["filter.is_sdxl"] in {None, one.is_sdxl}
        and (one.inpaints or not query["filter.is_inpainting"])
        and any(words in text.lower() for text in (one.name, one.sd_name, *one.tags))
    ]
    start = int(query["pagination.cursor"].removeprefix("c_") or 0)
    page = matching[start : start + query["pagination.limit"]]
    after = start + len(page)
    return {
        "models": [_checkpoint(world, one) for one in page],
        "pagination": {"next_cursor": f"c_{after}" if page and after < len(matching) else ""},
    }


def _checkpoint(world: World, one: Checkpoint) -> dict[str, Any]:
    digest = world.draw("checkpoint", one.sd_name, length=10)
    return {
        "id": one.id,
        "name": one.name,
        "hash_sha256": digest,
        "sd_name": one.sd_name,
        "type": {"name": one.type, "display_name": one.type.capitalize()},
        "categories": [],
        "status": 1,
        "download_url": f"https://models.invalid/{digest}",
        "download_url_ttl": 86_400,
        "tags": list(one.tags),
        "cover_url": f"https://models.invalid/{digest}.jpeg",
        "source": one.source,
        "base_model": one.base,
        "base_model_type": "Standard",
        "sd_name_in_api": one.sd_name,
        "is_sdxl": one.is_sdxl,
    }


_WORD: Final = may(Text(0, 255), "")
OPERATIONS = (
    Operation(
        name="models.list",
        method="GET",
        path=f"{LLM}/models",
        source="model-apis-llm-list-models",
        confidence=Confidence.SEEN_LIVE,
        serve=_list,
        answer=answers.models,
        aliases=aliases("models"),
        family=Family.LLM,
        public=True,
    ),
    Operation(
        name="models.get",
        method="GET",
        path=f"{LLM}/models/{{model:path}}",
        source="model-apis-llm-retrieve-model",
        confidence=Confidence.DOCUMENTED,
        serve=_get,
        answer=answers.model,
        aliases=aliases("models/{model:path}"),
        family=Family.LLM,
    ),
    Operation(
        name="image_models.list",
        method="GET",
        path="/v3/model",
        source="model-apis-get-model",
        confidence=Confidence.DOCUMENTED,
        serve=_checkpoints,
        query=Fields(
            {
                "filter.visibility": may(Text(one_of=("", "public", "private")), ""),
                "filter.source": may(Text(one_of=("", "civitai", "training", "uploading")), ""),
                "filter.types": may(
                    Text(one_of=("", "checkpoint", "lora", "vae", "controlnet", "upscaler", "textualinversion")), ""
                ),
                "filter.is_sdxl": may(Flag()),
                "filter.query": _WORD,
                "filter.is_inpainting": may(Flag(), False),
                "pagination.limit": may(Whole(1, 100, as_text=True), 20),
                "pagination.cursor": may(Text(0, 20, pattern=r"(c_[0-9]{1,9})?"), ""),
            }
        ),
        answer=answers.CHECKPOINTS,
        family=Family.MODEL,
    ),
)
