"""The lookup of a template that exists already."""

from __future__ import annotations

from typing import Final

from novita_infra.kinds.template import TEMPLATE
from novita_infra.lookups.existing import existing_object

LOOKUP: Final = existing_object(TEMPLATE, "template", example={"name": "shared"})
