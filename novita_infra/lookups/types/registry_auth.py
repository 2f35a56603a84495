"""The lookup of a registryAuth that exists already."""

from __future__ import annotations

from typing import Final

from novita_infra.kinds.registry_auth import REGISTRY_AUTH
from novita_infra.lookups.existing import existing_object

LOOKUP: Final = existing_object(REGISTRY_AUTH, "registryAuth", example={"name": "shared"})
