"""Images: the repositories that jobs have saved into, and those of the platform and of others, which templates name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final

from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.world.cloud.templates import OFFERED
from novita_infra.simulator.world.engine.records import WorldRecord
from novita_infra.simulator.world.engine.world import World

_KINDS: Final = {"official": "base", "community": "community"}


@dataclass(slots=True, kw_only=True)
class Image(WorldRecord):
    """A repository with its tags."""

    repository: str
    tags: list[str] = field(default_factory=list)
    kind: str = "private"
    """`base` (of the platform), `community` or `private`."""


RECORD = Image


def _split(address: str) -> tuple[str, str]:
    """Repository and tag of an address. A port of the registry is no tag; the tag is `latest` by default."""
    plain = address.split("@", 1)[0]
    head, slash, last = plain.rpartition("/")
    name, _, tag = last.partition(":")
    return f"{head}{slash}{name}", tag or "latest"


def add_tag(world: World, address: str) -> None:
    """Records that a job has saved an image at this address."""
    repository, tag = _split(address)
    table = world.table(Image)
    image = next((one for one in table if one.repository == repository), None)
    if image is None:
        image = table.add(Image(id=world.new_id("image"), created=world.moment, repository=repository))
    if tag not in image.tags:
        image.tags.append(tag)
        table.touch(image)


def all_images(world: World) -> Iterator[Image]:
    """The images of the platform and of others, then those of the account."""
    yield from _offered()
    for image in world.table(Image).listed():
        if not any(fnmatchcase(image.repository, pattern) for pattern in world.unlisted):
            yield image


def _offered() -> Iterator[Image]:
    for template in OFFERED:
        if template.channel in _KINDS:
            repository, tag = _split(template.image)
            yield Image(id=f"img-{template.id}", repository=repository, tags=[tag], kind=_KINDS[template.channel])


def remove_image(world: World, key: str) -> None:
    """Removes an image of the account with all its tags. Raises IMAGE_NOT_FOUND, FORBIDDEN."""
    if any(image.id == key for image in _offered()):
        raise ApiRefusal("FORBIDDEN", f"image {key!r} is not yours")
    image = world.table(Image).get(key)
    if image is None:
        raise ApiRefusal("IMAGE_NOT_FOUND", f"image {key!r} not found")
    world.table(Image).remove(image)
