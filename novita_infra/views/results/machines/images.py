"""The images that the account can use. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from novita_infra.catalogue.images import AccountImage
from novita_infra.model.frozen import dataclass
from novita_infra.views.content.listing import Listing, cell, fact


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image with its tags."""

    id: str = fact("The id of the image.", title="ID")
    type: str = fact("Whose it is, as the API words it: `base`, `community`, `private`.", title="TYPE")
    repository: str = fact("The registry and the repository.", title="REPOSITORY")
    tags: list[str] = fact("Its tags.")
    tag_names: str = cell("TAGS")


@dataclass(frozen=True, slots=True)
class ImageListing(Listing):
    """The images that the account can use, as `images list --json` prints them."""

    name: ClassVar[str] = "images"
    row: ClassVar[type] = ImageRow
    empty: ClassVar[str] = "No images."

    rows: tuple[ImageRow, ...]


def image_listing(images: Iterable[AccountImage]) -> ImageListing:
    """The images in their order."""
    return ImageListing(
        tuple(ImageRow(one.id, one.type, one.repository, list(one.tags), ", ".join(one.tags)) for one in images)
    )


@dataclass(frozen=True, slots=True)
class DeletedImageRow:
    """An image that was deleted."""

    id: str = fact("The id of the image.", title="ID")
    repository: str = fact("The registry and the repository.", title="REPOSITORY")
    tags: list[str] = fact("The tags that went with it.")
    tag_names: str = cell("TAGS")
    used_by: list[str] = fact("What uses it: addresses, and type and id of objects that no state has.")


@dataclass(frozen=True, slots=True)
class DeletedImageListing(Listing):
    """The images that were deleted, as `images delete --json` prints them."""

    name: ClassVar[str] = "deleted_images"
    row: ClassVar[type] = DeletedImageRow
    empty: ClassVar[str] = "No images."

    rows: tuple[DeletedImageRow, ...]


def deleted_image_listing(images: Iterable[AccountImage], *, users: Mapping[str, list[str]]) -> DeletedImageListing:
    """The images in their order; `users` are the addresses of what names them, by id."""
    return DeletedImageListing(
        tuple(
            DeletedImageRow(one.id, one.repository, list(one.tags), ", ".join(one.tags), users.get(one.id, []))
            for one in images
        )
    )
