"""Objects as the second generation of the API lists them. Requests, and a reader of their answers.

The pages of v2 are `gpus-v2-list-*`. Whether the lists of v1 show what was made through v2 is on no page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Final

from novita_infra.api.json_values import created_in, object_of, objects_of, text_of
from novita_infra.api.request import GPU_V2, Request, get
from novita_infra.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class V2List:
    """A list of v2."""

    word: str
    """The last part of its path: `instances`."""
    type: str
    """The type of the kind that v1 has for these objects: `instance`; empty for none."""
    identity: str = "id"
    """The name of the field that holds the id."""
    query: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def request(self) -> Request:
        """The request for its first page."""
        return get(f"{GPU_V2}/{self.word}", **self.query)

    def path_of(self, id: str) -> str:
        """The path of one object."""
        return f"{GPU_V2}/{self.word}/{id}"


V2_LISTS: Final = {
    item.word: item
    for item in (
        V2List("instances", "instance"),
        V2List("endpoints", "endpoint"),
        V2List("templates", "template", query={"visibilities": "private"}),
        V2List("networks", "vpc"),
        V2List("prewarm-tasks", "image_prewarm", "task_id"),
        V2List("jobs", ""),
    )
}
"""The lists by their words."""


@dataclass(frozen=True, slots=True)
class V2Object:
    """An object as v2 lists it."""

    list: V2List
    id: str
    name: str
    """Of a job: what it does."""
    status: str
    """The word of v2."""
    trouble: str
    """What is wrong, in the words of the API."""
    region: str
    image: str
    created: float
    """Unix seconds; 0 if the API does not return it."""
    env: Mapping[str, str] = field(repr=False)
    """Its environment variables, which may be secret."""


def v2_object_in(item: Any, list_: V2List) -> V2Object:
    """An item of a list. Fields that are missing or of another type are empty."""
    found = object_of(item)
    status = found.get("status")
    words = object_of(status)
    errors = (text_of(words.get("error")), text_of(words.get("message")))
    pairs = ((text_of(pair.get("key")), text_of(pair.get("value"))) for pair in objects_of(found.get("envs")))
    return V2Object(
        list=list_,
        id=text_of(found.get(list_.identity) or found.get("id")),
        name=text_of(found.get("name") or found.get("type")),
        status=text_of(words.get("status")) or (status if isinstance(status, str) else ""),
        trouble=": ".join(filter(None, dict.fromkeys(errors))),
        region=text_of(found.get("region") or found.get("region_id")),
        image=text_of(found.get("image")),
        created=created_in(found),
        env={name: value for name, value in pairs if name},
    )
