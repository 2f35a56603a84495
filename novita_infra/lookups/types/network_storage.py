"""The lookup of a networkStorage that exists already."""

from __future__ import annotations

from typing import Final

from novita_infra.kinds.network_storage import NETWORK_STORAGE
from novita_infra.lookups.existing import existing_object

LOOKUP: Final = existing_object(NETWORK_STORAGE, "networkStorage", example={"name": "shared"})
