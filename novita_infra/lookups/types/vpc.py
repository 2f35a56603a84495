"""The lookup of a vpc that exists already."""

from __future__ import annotations

from typing import Final

from novita_infra.kinds.vpc import VPC
from novita_infra.lookups.existing import existing_object

LOOKUP: Final = existing_object(VPC, "vpc", example={"name": "shared"})
