"""The templates that the API lists: those of the service, of its community, and of the account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from novita_infra.api.json_values import created_in, int_of, object_of, objects_of, text_of, texts_of
from novita_infra.api.request import GPU, Pages, Request, get
from novita_infra.model.frozen import dataclass

CHANNELS: Final = ("official", "community", "private")
"""Who offers a template: the service, other accounts, or this one."""
_OWN: Final = "private"
_KEYS: Final = ("Id", "id", "templateId")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTemplate:
    """A template, as an answer shows it (gpu-instance-list-templates)."""

    id: str
    name: str
    channel: str
    """One of `CHANNELS`; empty where the answer does not hold it."""
    image: str
    root_gb: int | None
    """The root disk; None where the answer does not hold it."""
    command: str
    entrypoint: str
    ports: tuple[str, ...]
    """Such as `8888/http`."""
    env: tuple[str, ...]
    """The names of the environment variables: their values may be secret."""
    cuda: str
    """The lowest CUDA version; empty for any."""
    recommended: tuple[str, ...]
    """The ids of recommended products; only official templates have any."""
    created: float
    """Unix seconds; 0 where the answer does not hold it."""


def template_pages(channel: str, name: str = "") -> Pages:
    """The list of the templates of a channel, with a part of their name (gpu-instance-list-templates).

    A page of 100 is more than the default of 20, and clients have used pages of 200.
    """
    own = "true" if channel == _OWN else "false"
    named = {"name": name} if name else {}
    return Pages(
        path=f"{GPU}/templates",
        items=("template", "templates"),
        identity=_KEYS,
        number="pageNum",
        query={"channel": channel, "isMyCommunity": own, **named},
    )


def template_request(id: str) -> Request:
    """The get of one template (gpu-instance-get-template)."""
    return get(f"{GPU}/template", templateId=id)


def template_in(answer: Any) -> ListedTemplate | None:
    """The template in the answer to its get; None where the answer holds none."""
    found = read_template(object_of(object_of(answer).get("template")))
    return found if found.id else None


def read_template(item: Mapping[str, Any]) -> ListedTemplate:
    """A template of a list; never raises."""
    return ListedTemplate(
        id=next(filter(None, (text_of(item.get(key)) for key in _KEYS)), ""),
        name=text_of(item.get("name")),
        channel=text_of(item.get("channel")),
        image=text_of(item.get("image")),
        root_gb=int_of(item.get("rootfsSize")),
        command=text_of(item.get("startCommand")),
        entrypoint=text_of(item.get("entrypoint")),
        ports=tuple(
            f"{port}/{text_of(group.get('type'))}"
            for group in objects_of(item.get("ports"))
            for port in texts_of(group.get("ports"))
        ),
        env=tuple(filter(None, (text_of(env.get("key")) for env in objects_of(item.get("envs"))))),
        cuda=text_of(item.get("minCudaVersion")),
        recommended=tuple(
            filter(None, (text_of(card.get("gpuSpecId")) for card in objects_of(item.get("recommendCards"))))
        ),
        created=created_in(item),
    )
