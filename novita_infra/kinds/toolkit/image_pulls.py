"""The remedy for an image that cannot be pulled, recognised by the words of container runtimes and registries."""

from __future__ import annotations

import re
from typing import Final

from novita_infra.model.resources import Live

REMEDY: Final = "correct image (or registryAuth, where the registry asks for one)"

_PULL: Final = re.compile(
    r"image_?pull|errimage|invalid_?image_?name|\bpull(ed|ing)?\b|manifest (unknown|for)\b|no such image", re.IGNORECASE
)
"""Words of container runtimes and registries. The service passes them on; no page lists them."""
_NOT_OF_THE_IMAGE: Final = re.compile(
    r"too ?many ?requests|rate limit|time-?d? ?out|timeout|connection|unavailable|no space", re.IGNORECASE
)
"""Troubles that may pass by themselves, or are about the disk: another image would not help."""


def pull_remedy(live: Live) -> str:
    """What to correct in the manifest where the trouble is an image that cannot be pulled; else empty."""
    trouble = live.trouble
    return REMEDY if _PULL.search(trouble) and not _NOT_OF_THE_IMAGE.search(trouble) else ""
