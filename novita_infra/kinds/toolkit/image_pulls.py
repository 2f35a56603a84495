"""What to do about an image that cannot be pulled, for every kind that has one, by the words of who could not."""

from __future__ import annotations

import re
from typing import Final

from novita_infra.model.resources import Live

REMEDY: Final = "correct image (or registryAuth, where the registry asks for one)"

_PULL: Final = re.compile(
    r"image_?pull|errimage|invalid_?image_?name|\bpull(ed|ing)?\b|manifest (unknown|for)\b|no such image", re.IGNORECASE
)
"""The words of container runtimes and registries: the service hands them on, and no page of it lists them."""
_NOT_OF_THE_IMAGE: Final = re.compile(
    r"too ?many ?requests|rate limit|time-?d? ?out|timeout|connection|unavailable|no space", re.IGNORECASE
)
"""What may pass by itself, or is a matter of the disk: another image would not help."""


def pull_remedy(live: Live) -> str:
    """What to correct in the manifest where the trouble is an image that cannot be pulled; else empty."""
    trouble = live.trouble
    return REMEDY if _PULL.search(trouble) and not _NOT_OF_THE_IMAGE.search(trouble) else ""
