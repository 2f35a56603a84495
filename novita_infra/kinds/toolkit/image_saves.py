"""Jobs that save the root disk of a machine as an image: the request, and what a list shows of the image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from novita_infra.api.json_values import filled, objects_of, text_of, texts_of
from novita_infra.api.request import GPU, Request, post


def save_request(machine: str, image: str, *, auth: str = "") -> Request:
    """Saves the root disk of the machine of that id as an image (gpu-instance-save-image); each call begins a job.

    `auth` is the id of the credential for a private registry.
    """
    body = {"instanceId": machine, "image": image, "registryAuthId": auth}
    return post(f"{GPU}/job/save/image", filled(body))


def image_of(item: Mapping[str, Any]) -> str:
    """The image that a job in the list saves; empty where the list does not show it.

    The page has `envs[]` without saying what it holds: entries of key and value, or texts `key=value` as in v2.
    """
    envs = item.get("envs")
    pairs = [(text_of(entry.get("key")), text_of(entry.get("value"))) for entry in objects_of(envs)]
    pairs += [(key, value) for key, _, value in (text.partition("=") for text in texts_of(envs))]
    return next((value for key, value in pairs if key.lower().endswith("image")), "")
