"""Settings of encrypted states, with keys of tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from novita_infra.state.settings import StateSettings

IDENTITY: Final = "AGE-SECRET-KEY-14EZRSF3T8MARREK7DPXPCP70AGN8UGM04W8N5CG5D8YMCZTJCY0SA6KFPW"
RECIPIENT: Final = "age15dnhnlwu78skm4605yxv29rjyq0jzsfa3xcv9t0ywsg3u5947ufq5m8md8"
OTHER_IDENTITY: Final = "AGE-SECRET-KEY-1P7HXYX7WEL8P9Z8653VRRPP9U7U5FVHC72Y4QWMLM5A2R74N59PSE6RA4Y"
OTHER_RECIPIENT: Final = "age1c7h3xkmg7e7n88r7725l73r6362rc4h0gtn6a2z33tf9ffl073gqnetkzt"

AGE: Final[dict[str, Any]] = {"age": [RECIPIENT], "identity": IDENTITY}
"""For a recipient of age: scrypt takes a third of a second for each environment."""
OTHER_AGE: Final[dict[str, Any]] = {"age": [OTHER_RECIPIENT], "identity": OTHER_IDENTITY}


def encrypted(folder: Path, encryption: dict[str, Any] | None = None, **options: Any) -> StateSettings:
    """The settings of a project in the folder, with that encryption; without one, for a recipient of age."""
    keys = AGE if encryption is None else encryption
    return StateSettings(folder, options, lambda given: {**given.options, "encryption": keys})
