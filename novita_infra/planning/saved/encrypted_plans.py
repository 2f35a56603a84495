"""The text of an encrypted plan file. It begins as every plan file does; the plan in it is the same as one in clear."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from novita_infra import __version__
from novita_infra.encoding import Json
from novita_infra.model.diagnostics import problem
from novita_infra.state.encryption.settings import Encryption

if TYPE_CHECKING:
    from novita_infra.state.encryption.wrapping import Wrapping

VERSION: Final = 3
"""Above the versions of plans in clear that older programs know: they ask for a newer one."""
_PLACE: Final = "plan"


def encrypted_plan(text: bytes, by: Wrapping) -> bytes:
    """The text of a plan, encrypted under a key of its own. Raises Problems."""
    from novita_infra.state.encryption.data_keys import new_data_key  # noqa: PLC0415 -- few plans are encrypted

    key = new_data_key(by)
    content = {"encryption": dict(key.wrapped), "sealed": key.seal(_PLACE, text)}
    data = {"novita-infra plan": VERSION, "program": __version__, **content}
    return json.dumps(data, separators=(",", ":")).encode("ascii") + b"\n"


def is_encrypted_plan(data: Json) -> bool:
    """Whether the content of a plan file is encrypted, in a form that is known."""
    match data:
        case {
            "novita-infra plan": int(version),
            "encryption": {"method": str(), "key": str()},
            "sealed": str(),
        }:
            return version <= VERSION
        case _:
            return False


def decrypted_plan(data: Mapping[str, Any], path: Path, encryption: Encryption) -> bytes:
    """The text of the plan. Raises Problems where no key opens it, and where it was changed."""
    from novita_infra.state.encryption.data_keys import NotSealed, data_key_of  # noqa: PLC0415 -- likewise

    key = data_key_of(data["encryption"], encryption, place=str(path))
    try:
        return key.open(_PLACE, str(data["sealed"]))
    except NotSealed:
        raise problem(
            f"the plan file {path} is damaged: it was changed after it was encrypted", "make a new plan"
        ) from None
