"""`{fromEnv: NAME}`: an environment variable."""

from __future__ import annotations

import re
from typing import Any, Final

from novita_infra.manifests.secrets.source import Asking, ManifestPlace, Pointed, PointedSource, Question, Unreadable
from novita_infra.model.printable import is_text

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _pointed(name: Any, _: ManifestPlace) -> Pointed:
    return Pointed(Question("fromEnv", (name,), "the environment"), name, f"env:{name}")


def _read(question: Question, asking: Asking) -> str:
    (name,) = question.words
    value = asking.environ.get(name)
    if not value and not _NAME.fullmatch(name):
        raise Unreadable(
            "this is no name of an environment variable",
            "fromEnv names the variable that holds the secret, and is not the secret itself",
        )
    if not value:
        state = "not set" if value is None else "empty"
        raise Unreadable(f"the environment variable {name} is {state}", f"set it: export {name}=...", unset=name)
    if not is_text(value):
        raise Unreadable(f"the environment variable {name} is not UTF-8 text")
    return value


SOURCE: Final = PointedSource(_pointed, lambda answer, _: str(answer), read=_read)
