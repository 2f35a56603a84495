"""The settings that all backends with objects share."""

from __future__ import annotations

from novita_infra.state.objects.objects import ObjectTraits
from novita_infra.state.objects.settings import shared_settings, with_settings


def test_settings_change_the_traits_and_name_them_as_defaults() -> None:
    traits = ObjectTraits(period=60.0, compressed=False)
    assert with_settings(traits, {"backend": "git"}) == traits
    changed = with_settings(traits, {"leaseSeconds": 5, "keepVersions": 3})
    assert (changed.period, changed.kept_versions, changed.compressed) == (5.0, 3, False)
    assert {name: schema["default"] for name, schema in shared_settings(traits).items()} == {
        "leaseSeconds": 60,
        "keepVersions": 30,
    }
