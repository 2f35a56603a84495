"""The settings that all backends with objects share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from novita_infra.state.objects.objects import ObjectTraits

LEASE_SECONDS: Final = "leaseSeconds"
KEEP_VERSIONS: Final = "keepVersions"


def shared_settings(traits: ObjectTraits) -> dict[str, dict[str, Any]]:
    """The JSON Schema of each setting, for a backend with these traits by default."""
    return {
        LEASE_SECONDS: {
            "type": "integer",
            "minimum": 1,
            "maximum": 3600,
            "default": int(traits.period),
            "description": "Seconds without a sign of life after which a run that holds the lock counts as dead, and "
            "another one may go on in its place. A run gives three in that time.",
        },
        KEEP_VERSIONS: {
            "type": "integer",
            "minimum": 1,
            "maximum": 10000,
            "default": traits.kept_versions,
            "description": "How many earlier states of each environment are kept, for `state history` and `restore`.",
        },
    }


def with_settings(traits: ObjectTraits, options: Mapping[str, Any]) -> ObjectTraits:
    """The traits of a place as its settings say."""
    period, kept = options.get(LEASE_SECONDS, traits.period), options.get(KEEP_VERSIONS, traits.kept_versions)
    return replace(traits, period=float(period), kept_versions=int(kept))
