"""Saved images in the list of the account: that one is listed is recorded, so that a later plan sees that it is gone.

An image in a registry that the list does not show is never recorded as listed, and is never missed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from novita_infra.api.errors import ApiError
from novita_infra.api.protocol import ApiClient
from novita_infra.catalogue.images import IMAGE_ID, AccountImage, listed_image
from novita_infra.catalogue.products import IMAGE_LIST
from novita_infra.kinds.kind import Kind
from novita_infra.model.resources import Live, Phase
from novita_infra.refresh.catalogue import read_catalogue


def with_image_id(kind: Kind, live: Live, images: Collection[AccountImage] | None) -> Live:
    """The live object with the id of the image that it has saved, where the list shows it."""
    saves = kind.api.saves
    if saves is None or live.phase is not Phase.READY or not (image := saves(live.values)):
        return live
    found = listed_image(images or (), image)
    return replace(live, outputs={**live.outputs, IMAGE_ID: found.id}) if found else live


async def read_image_id(client: ApiClient, kind: Kind, live: Live) -> Live:
    """The same from the list as it is now. Where that cannot be read, a later plan reads it."""
    if kind.api.saves is None:
        return live
    try:
        catalogue = await read_catalogue(client, (IMAGE_LIST,))
    except ApiError:
        return live
    return with_image_id(kind, live, catalogue.images)
