"""Pulls of images: where one is made, and the remedy for one that fails, recognised by the words of runtimes."""

from __future__ import annotations

import re
from typing import Final

from novita_infra.api.json_values import object_of, text_of, texts_of
from novita_infra.catalogue.images import full_name
from novita_infra.kinds.kind import Preparation
from novita_infra.model.resources import Live
from novita_infra.model.values import Spec

REMEDY: Final = "correct image (or registryAuth, where the registry asks for one)"

_PULL: Final = re.compile(
    r"image_?pull|errimage|invalid_?image_?name|\bpull(ed|ing)?\b|manifest (unknown|for)\b|no such image", re.IGNORECASE
)
"""Words of container runtimes and registries. The service passes them on; no page lists them."""
_NOT_OF_THE_IMAGE: Final = re.compile(
    r"too ?many ?requests|rate limit|time-?d? ?out|timeout|connection|unavailable|no space", re.IGNORECASE
)
"""Troubles that may pass by themselves, or are about the disk: another image would not help."""


def pull_of(spec: Spec) -> Preparation | None:
    """The pull of the image of a resolved spec to its cluster; None where either is open, or not known yet."""
    image, cluster = spec.get("image"), spec.get("cluster")
    if not (isinstance(image, str) and isinstance(cluster, str)):
        return None
    products = texts_of(spec.get("products")) or [text_of(object_of(spec.get("product")).get("id"))]
    return Preparation(image, cluster, frozenset(filter(None, products)))


def starts_from(spec: Spec, image: str) -> bool:
    """Whether an object of this spec starts from the image, however the two spell its name."""
    named = spec.get("image")
    return isinstance(named, str) and full_name(named) == full_name(image)


def pull_remedy(live: Live) -> str:
    """What to correct in the manifest where the trouble is an image that cannot be pulled; else empty."""
    trouble = live.trouble
    return REMEDY if _PULL.search(trouble) and not _NOT_OF_THE_IMAGE.search(trouble) else ""
