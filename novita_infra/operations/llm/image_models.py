"""The list of the models of the older image operations, to its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from novita_infra.api.errors import Unanswered
from novita_infra.inference.image_models import ImageModel, image_models_in, image_models_request, next_cursor_in
from novita_infra.operations.account.view import AccountView

_MOST_PAGES: Final = 1000


async def read_image_models(view: AccountView, filters: Mapping[str, str], *, most: int) -> list[ImageModel]:
    """The models that fit, each once, at most so many. Raises ApiError."""
    found: dict[str, ImageModel] = {}
    cursors, cursor = {""}, ""
    for _ in range(_MOST_PAGES):
        request = image_models_request(filters, cursor)
        answer = await view.client.send(request)
        rows = image_models_in(answer)
        found |= {f"{row.id} {row.api_name}": row for row in rows}
        cursor = next_cursor_in(answer)
        if len(found) >= most or not rows or not cursor:
            return list(found.values())[:most]
        if cursor in cursors:
            raise Unanswered(request, text="the list does not end: it names the same page again", repeats=False)
        cursors.add(cursor)
    return list(found.values())
