"""The registry of all kinds, by the type in their addresses. A new kind is one module, and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from novita_infra.kinds.endpoint import ENDPOINT
from novita_infra.kinds.image_prewarm import IMAGE_PREWARM
from novita_infra.kinds.instance import INSTANCE
from novita_infra.kinds.kind import Kind
from novita_infra.kinds.network_storage import NETWORK_STORAGE
from novita_infra.kinds.registry_auth import REGISTRY_AUTH
from novita_infra.kinds.template import TEMPLATE
from novita_infra.kinds.vpc import VPC

KINDS: Final[Mapping[str, Kind]] = {
    kind.type: kind
    for kind in (
        INSTANCE,
        TEMPLATE,
        NETWORK_STORAGE,
        VPC,
        REGISTRY_AUTH,
        IMAGE_PREWARM,
        ENDPOINT,
    )
}

_BY_NAME: Final = {kind.name: kind for kind in KINDS.values()}


def by_name(name: str) -> Kind | None:
    """The kind of that name in a manifest, such as `NetworkStorage`."""
    return _BY_NAME.get(name)
