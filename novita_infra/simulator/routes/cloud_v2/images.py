"""The operations of v2 on images. There are none in v1."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.simulator.answer_schema import TEXT, choice, items, obj
from novita_infra.simulator.operations import CURSOR, Confidence, IncomingCall, cursor_page, data_page
from novita_infra.simulator.request_schema import Text, may
from novita_infra.simulator.routes.cloud_v2.declaring import OTHER_ID, operation_v2, record_place
from novita_infra.simulator.world.cloud import images
from novita_infra.simulator.world.cloud.images import Image
from novita_infra.simulator.world.engine.world import World

_KINDS: Final = ("base", "community", "private")


def _list(world: World, call: IncomingCall) -> Any:
    kind, name = call.query["type"], call.query["name"].lower()
    matching = [one for one in images.all_images(world) if kind in {"", one.kind} and name in one.repository.lower()]
    return cursor_page(world, matching, call, place=record_place, shown=_shown)


def _delete(world: World, call: IncomingCall) -> Any:
    images.remove_image(world, call.path["image_id"])
    return {}


def _shown(image: Image) -> dict[str, Any]:
    """An image. A public program reads `name`, `image` and `tags`; `id` and `type` are guessed."""
    return {
        "id": image.id,
        "type": image.kind,
        "name": image.repository.rsplit("/", 1)[-1],
        "image": image.repository,
        "tags": [{"tag": tag, "image": f"{image.repository}:{tag}"} for tag in image.tags],
    }


_IMAGE: Final = obj(id=TEXT, type=choice(*_KINDS), name=TEXT, image=TEXT, tags=items(obj(tag=TEXT, image=TEXT)))
OPERATIONS = (
    operation_v2(
        "images_v2.list",
        "GET /images",
        "list-image",
        _list,
        answer=data_page(_IMAGE),
        confidence=Confidence.GUESSED,
        query={**CURSOR, "type": may(Text(one_of=("", *_KINDS)), ""), "name": OTHER_ID},
    ),
    operation_v2("images_v2.delete", "DELETE /images/{image_id}", "delete-image", _delete),
)
