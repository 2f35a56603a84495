"""The images of the account: lists them, and deletes some."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from novita_infra.api.errors import NotFound
from novita_infra.catalogue.images import IMAGES, OWN, AccountImage, account_image_in, delete_image_request
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import Diagnostic, Problems
from novita_infra.model.values import leaves
from novita_infra.operations.account.api_call import every_item
from novita_infra.operations.account.view import AccountView


async def read_images(view: AccountView, *, own: bool = False) -> list[AccountImage]:
    """The images by type and repository; with `own` only those of the account. Raises ApiError."""
    items = await every_item(view.client, IMAGES)
    images = (account_image_in(item) for item in items)
    return sorted(
        (item for item in images if not own or item.type == OWN), key=lambda item: (item.type, item.repository)
    )


async def choose_images(view: AccountView, words: Sequence[str]) -> list[AccountImage]:
    """The images of these ids or repositories. Raises Problems with every word that means none that can be deleted."""
    images = await read_images(view)
    chosen: dict[str, AccountImage] = {}
    errors = []
    for word in dict.fromkeys(words):
        found = next((item for item in images if word in {item.id, item.repository}), None)
        if found is None:
            tagged = any(word in item.names for item in images)
            hint = "a single tag cannot be deleted; name the repository" if tagged else "novita-infra images list"
            errors.append(Diagnostic(f"there is no image {word}", hint))
        elif found.type != OWN:
            errors.append(Diagnostic(f"{word} is not yours: it is {found.type}"))
        else:
            chosen[found.id] = found
    if errors:
        raise Problems(errors)
    return list(chosen.values())


def users_of(view: AccountView, image: AccountImage) -> list[str]:
    """The addresses of the recorded objects whose spec names the image."""
    names = {image.repository, *image.names}
    records = (record for state in view.recorded.states.values() for record in state.records.values())
    return sorted(str(record.address) for record in records if not names.isdisjoint(_texts(record.spec.values())))


async def delete_images(view: AccountView, images: Iterable[AccountImage]) -> None:
    """Deletes the images with all of their tags. Raises ApiError."""

    async def delete(image: AccountImage) -> None:
        try:
            await view.client.send(delete_image_request(image.id))
        except NotFound:
            return

    await together(*(delete(image) for image in images))


def _texts(values: Iterable[object]) -> set[str]:
    return {leaf for value in values for leaf in leaves(value) if isinstance(leaf, str)}
