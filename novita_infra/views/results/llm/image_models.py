"""The models of the older image operations. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from novita_infra.inference.image_models import ImageModel
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Listing, fact


@dataclass(frozen=True, slots=True)
class ImageModelRow:
    """A model that makes images, or a part of one."""

    id: str = fact("The id.")
    title: str = fact("The name for a person.")
    model: str = fact("The name that a request gives.", title="MODEL")
    type: str = fact("Such as `checkpoint` or `lora`.", title="TYPE")
    base: str = fact("The model that it is made from; empty if it is not known.", title="BASE")
    available: bool | None = fact("Whether it can be used; null if it is not known.", title="AVAILABLE")
    sdxl: bool | None = fact("Whether it is of Stable Diffusion XL; null if it is not known.")
    source: str = fact("Where it comes from, such as `civitai`.", title="SOURCE")
    tags: tuple[str, ...] = fact("Its tags.")


@dataclass(frozen=True, slots=True)
class ImageModelListing(Listing):
    """The models of image operations, as `image-models --json` prints them."""

    name: ClassVar[str] = "image_models"
    row: ClassVar[type] = ImageModelRow
    empty: ClassVar[str] = "No such model is listed."

    rows: tuple[ImageModelRow, ...]


def image_model_listing(models: Iterable[ImageModel]) -> ImageModelListing:
    """The models in their order."""
    return ImageModelListing(
        tuple(
            ImageModelRow(
                one.id, one.name, one.api_name, one.type, one.base, one.available, one.sdxl, one.source, one.tags
            )
            for one in models
        )
    )
