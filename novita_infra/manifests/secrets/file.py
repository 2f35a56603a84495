"""`{fromFile: PATH}`: the text of a file without its last line end."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from novita_infra.manifests.secrets.paths import file_at, known_as, text_in
from novita_infra.manifests.secrets.source import Asking, ManifestPlace, Pointed, PointedSource, Question, Unreadable


def _pointed(path: Any, place: ManifestPlace) -> Pointed:
    file = file_at(path, place, form="fromFile")
    return Pointed(Question("fromFile", (str(file), path), "a file"), "", f"file:{known_as(file, place)}")


def _read(question: Question, _: Asking) -> str:
    file, path = question.words
    value = text_in(Path(file), path, what="secret file").removesuffix("\n").removesuffix("\r")
    if not value:
        raise Unreadable(f"the secret file {path} is empty")
    return value


SOURCE: Final = PointedSource(_pointed, lambda answer, _: str(answer), read=_read)
