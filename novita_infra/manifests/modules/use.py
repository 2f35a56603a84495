"""The spec of a document of kind Module: its source, its inputs and its patches, with their places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from novita_infra.manifests.yaml.composing import Document
from novita_infra.manifests.yaml.positions import Position, inside, origin_at
from novita_infra.model.addresses import Origin

SPEC: Final = "spec"
SOURCE: Final = "source"
INPUTS: Final = "inputs"
PATCHES: Final = "patches"


def in_use(data: Mapping[str, Any], name: str) -> Any:
    """Returns `source`, `inputs` or `patches` of the data of such a document; None if it has none."""
    spec = data.get(SPEC)
    return spec.get(name) if isinstance(spec, dict) else None


def is_misspelt(data: Mapping[str, Any]) -> bool:
    """Returns whether the spec has a part of another name, which is reported: it may hold what another part lacks."""
    return not data[SPEC].keys() <= {SOURCE, INPUTS, PATCHES}


def place_in_use(document: Document, name: str) -> Position:
    """Returns the position of that part, or the nearest one around it."""
    return inside(inside(document.position, SPEC), name)


def origin_in_use(document: Document, name: str) -> Origin:
    """Returns the place of that part, for a message."""
    return origin_at(document.position, (SPEC, name))
