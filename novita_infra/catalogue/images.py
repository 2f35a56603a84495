"""Images that the account can use (v2): requests, and the reader of their answers. There are none in v1."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from urllib.parse import quote

from novita_infra.api.json_values import object_of, objects_of, text_of
from novita_infra.api.request import GPU_V2, Request, get
from novita_infra.model.frozen import dataclass

IMAGES: Final = get(f"{GPU_V2}/images", limit=100)
"""The list of images (gpus-v2-list-image), in pages with a cursor."""
IMAGE_ID: Final = "imageId"
"""The attribute of a resource that has saved an image: the id of the image in the list."""
OWN: Final = "private"
"""The type of an image of the account; the others are of the platform (`base`) and of other users (`community`)."""


@dataclass(frozen=True, slots=True)
class AccountImage:
    """An image with all of its tags."""

    id: str
    type: str
    """The API's word: `base`, `community` or `private`."""
    repository: str
    tags: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What manifests call it: the repository with each tag."""
        return tuple(f"{self.repository}:{tag}" for tag in self.tags)


def account_image_in(answer: Any) -> AccountImage:
    """An image in the list (gpus-v2-list-image; a public program reads `name`, `image` and `tags`)."""
    item = object_of(answer)
    tags = (text_of(one.get("tag")) for one in objects_of(item.get("tags")))
    repository = text_of(item.get("image")) or text_of(item.get("name"))
    return AccountImage(text_of(item.get("id")), text_of(item.get("type")), repository, tuple(filter(None, tags)))


def images_in(pages: Sequence[Any]) -> tuple[AccountImage, ...]:
    """The images on the pages of the list, each once."""
    items = (item for page in pages for item in objects_of(object_of(page).get("data")))
    return tuple(dict.fromkeys(map(account_image_in, items)))


def listed_image(images: Iterable[AccountImage], address: str) -> AccountImage | None:
    """The image of the list that has the repository and the tag of an address; None where the list has none."""
    wanted = full_name(address)
    return next((image for image in images if any(full_name(name) == wanted for name in image.names)), None)


def full_name(address: str) -> str:
    """The address of an image with what it says by default: `ubuntu` is `docker.io/library/ubuntu:latest`.

    A digest behind a tag is left out: the tag is what may point at another image later.
    """
    name, _, digest = address.partition("@")
    head, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    registry, _, rest = f"{head}{slash}{last}".partition("/")
    if not rest or not ("." in registry or ":" in registry or registry == "localhost"):
        registry, rest = "docker.io", f"{registry}/{rest}" if rest else f"library/{registry}"
    elif registry in _DOCKER_HUB:
        registry = "docker.io"
    return f"{registry}/{rest}@{digest}" if digest and not tag else f"{registry}/{rest}:{tag or 'latest'}"


_DOCKER_HUB: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})


def delete_image_request(id: str) -> Request:
    """Deletes the image with all of its tags (gpus-v2-delete-image)."""
    return Request("DELETE", f"{GPU_V2}/images/{quote(id, safe='')}", repeatable=True)
