"""The last log lines of a failed object, for the message about it. If they cannot be read, there are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final

from novita_infra.api.errors import ApiError
from novita_infra.api.protocol import ApiClient
from novita_infra.kinds.kind import Kind
from novita_infra.model.resources import Live
from novita_infra.model.values import is_secret_name
from novita_infra.refresh.objects import read_one

LOGS_ASKED: Final = 3
"""Logs of one object that are read at most, until one has lines."""


async def failure_log(client: ApiClient, kind: Kind, live: Live) -> tuple[str, ...]:
    """The last lines of the first of the object's logs that has any, without secrets. Raises no ApiError."""
    if not live.logs.explaining and kind.api.read.get is not None:  # a list does not return the addresses of logs
        with suppress(ApiError):
            live = await read_one(client, kind, live.id) or live
    hidden = frozenset(sensitive_values(kind, live))
    for address in live.logs.explaining[:LOGS_ASKED]:
        lines = await client.last_log_lines(address, secrets=hidden)
        if lines:
            return lines
    return ()


def sensitive_values(kind: Kind, live: Live) -> Iterator[str]:
    """The values in maps such as an env whose name sounds secret. A template may have given the object some."""
    maps = [live.values.get(field.name) for field in kind.fields if field.secret_items]
    for name, value in (item for items in maps if isinstance(items, Mapping) for item in items.items()):
        if isinstance(value, str) and is_secret_name(name):
            yield value
