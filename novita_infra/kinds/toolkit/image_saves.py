"""Jobs that save the root disk of a machine as an image: the name of the image, and the request."""

from __future__ import annotations

import re
from typing import Final

from novita_infra.api.json_values import filled
from novita_infra.api.request import GPU, Request, post

TAG_HINT: Final = "write registry/repository:tag; what it says by default could be overwritten by the next one"
_TAG: Final = re.compile(r"[\w][\w.-]{0,127}", re.ASCII)


def untagged(image: str) -> str:
    """What is wrong with the name under which a machine is saved: it must have a tag; empty for nothing."""
    repository, _, tag = image.rpartition(":")
    return "" if repository.strip("/") and _TAG.fullmatch(tag) else f"{image} names no tag"


def save_request(machine: str, image: str, *, auth: str = "") -> Request:
    """Saves the root disk of the machine of that id as an image (gpu-instance-save-image); each call begins a job.

    `auth` is the id of the credential for a private registry.
    """
    body = {"instanceId": machine, "image": image, "registryAuthId": auth}
    return post(f"{GPU}/job/save/image", filled(body))
