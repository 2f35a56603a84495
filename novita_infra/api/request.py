"""Requests to the API as values: a call, and a list that comes in pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

from novita_infra.model.frozen import dataclass

API_URL: Final = "https://api.novita.ai"
GATEWAY_URL: Final = "https://async-public.serverless.novita.ai"
"""The host of the queues of asynchronous endpoints (serverless-gpus-quickstart-create-async-endpoint)."""
GPU: Final = "/gpu-instance/openapi/v1"
"""The namespace of the GPU cloud, v1 (instances.md: Base URL)."""
GPU_V2: Final = "/gpus/v2"


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `repeatable` says that sending it twice has the effect of sending it once."""

    method: str
    path: str
    """From the host on, such as `/gpu-instance/openapi/v1/gpu/instances`."""
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    """Secrets are in clear, so the repr leaves it out."""
    repeatable: bool = False
    gateway: bool = False
    """Whether it goes to the queues of asynchronous endpoints, which have a host of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """A list operation. Walking it gives every item once, whether the service counts pages from 0 or from 1."""

    path: str
    items: tuple[str, ...]
    """The keys that may hold the items, the likeliest first."""
    identity: tuple[str, ...]
    """The keys that may hold an item's id."""
    number: str = ""
    """The name of the page-number parameter; empty for a list without pages."""
    size: str = "pageSize"
    first: int = 0
    """The number of the first page, as documented or seen."""
    page_size: int = 100
    query: Mapping[str, str | int] = field(default_factory=dict)


class WalkedItems(list[dict[str, Any]]):
    """The items of a list."""

    is_certain = True
    """Whether what is not among them is not in the list. False if an answer had no list at all (`{}`, or a bare `[]`
    where an object is documented): the service may leave out what is empty, or something else answered."""


def get(path: str, **query: str | int) -> Request:
    """A read: always repeatable."""
    return Request("GET", path, query, repeatable=True)


def post(path: str, body: Mapping[str, Any], *, repeatable: bool = False) -> Request:
    """A write: every write of v1 is a POST."""
    return Request("POST", path, body=body, repeatable=repeatable)
