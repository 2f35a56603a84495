"""The models of the older image operations (model-apis-get-model): checkpoints, LoRA and the like.

The readers take any JSON and never raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from novita_infra.api.json_values import flag_of, int_of, object_of, objects_of, text_of, texts_of
from novita_infra.api.request import Request, get
from novita_infra.model.frozen import dataclass

TYPES: Final = ("checkpoint", "lora", "vae", "controlnet", "upscaler", "textualinversion")
PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class ImageModel:
    """A model that makes images, or a part of one."""

    id: str
    name: str
    type: str
    api_name: str
    """The name that a request gives."""
    base: str = ""
    available: bool | None = None
    sdxl: bool | None = None
    source: str = ""
    tags: tuple[str, ...] = ()


def image_models_request(filters: Mapping[str, str], cursor: str = "") -> Request:
    """A page of the list. `filters` are those of the API, such as `filter.types`."""
    query: dict[str, str | int] = {name: value for name, value in filters.items() if value}
    return get("/v3/model", **query, **{"pagination.limit": PAGE}, **({"pagination.cursor": cursor} if cursor else {}))


def image_models_in(answer: Any) -> list[ImageModel]:
    """The models of a page."""
    return [_model(row) for row in objects_of(object_of(answer).get("models") or [])]


def next_cursor_in(answer: Any) -> str:
    """Where the next page begins; empty at the end of the list."""
    return text_of(object_of(object_of(answer).get("pagination")).get("next_cursor"))


def _model(row: Mapping[str, Any]) -> ImageModel:
    status = int_of(row.get("status"))
    return ImageModel(
        text_of(row.get("id")),
        text_of(row.get("name")),
        text_of(object_of(row.get("type")).get("name")),
        text_of(row.get("sd_name_in_api")) or text_of(row.get("sd_name")),
        text_of(row.get("base_model")),
        None if status is None else status == 1,
        flag_of(row["is_sdxl"]) if "is_sdxl" in row else None,
        text_of(row.get("source")),
        tuple(texts_of(row.get("tags"))),
    )
