"""The images of the account: lists them, and deletes some."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence

from novita_infra.api.errors import NotFound
from novita_infra.catalogue.images import (
    IMAGES,
    OWN,
    AccountImage,
    account_image_in,
    delete_image_request,
    full_name,
)
from novita_infra.kinds import IMAGE_KINDS, KINDS
from novita_infra.kinds.toolkit.image_pulls import starts_from
from novita_infra.model.concurrency import together
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Problems, run_again_with
from novita_infra.operations.account.api_call import every_item
from novita_infra.operations.account.view import AccountView
from novita_infra.refresh.objects import read_lists


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


async def users_of(view: AccountView, names: Iterable[str]) -> dict[str, list[str]]:
    """By name of an image: what starts from it or has saved it, live or recorded. Raises ApiError.

    An object is named by its address, else by its type and id.
    """
    names = list(names)
    if not names:
        return {}
    lists = await read_lists(view.client, IMAGE_KINDS)
    live = [(_called(view, prefix, one.id), one.values) for prefix, lives in lists.items() for one in lives]
    recorded = [(_called(view, it.address.type, it.id), it.record) for it in view.recorded]
    specs = [*live, *((title, record.spec) for title, record in recorded)]
    saved = [
        (title, saves(record.spec)) for title, record in recorded if (saves := KINDS[record.address.type].api.saves)
    ]
    return {
        name: sorted(
            {title for title, spec in specs if starts_from(spec, name)}
            | {title for title, image in saved if image and full_name(image) == full_name(name)}
        )
        for name in names
    }


def _called(view: AccountView, prefix: str, id: str) -> str:
    return view.recorded.address_of(prefix, id) or f"{prefix} {id}"


def refuse_used(images: Iterable[AccountImage], users: Mapping[str, Sequence[str]], allowed: Collection[str]) -> None:
    """Raises Problems if something uses one of the images and nobody is asked. `users` are by id of the image.

    `allowed` are the ids or the repositories whose loss is allowed.
    """
    errors = [
        Diagnostic(
            f"{image.repository} is used by {', '.join(used)}: what starts from it could not be started again",
            f"if that is wanted, {run_again_with(f'--allow-data-loss {shlex.quote(image.repository)}')}",
        )
        for image in images
        if (used := users.get(image.id)) and {image.id, image.repository}.isdisjoint(allowed)
    ]
    if errors:
        raise Problems(errors, code=EXIT_REFUSED)


async def delete_images(view: AccountView, images: Iterable[AccountImage]) -> None:
    """Deletes the images with all of their tags. Raises ApiError."""

    async def delete(image: AccountImage) -> None:
        try:
            await view.client.send(delete_image_request(image.id))
        except NotFound:
            return

    await together(*(delete(image) for image in images))
