"""`{fromSops: {file: PATH, path: KEY.KEY}}`: a value of a file that SOPS encrypted. The program `sops` decrypts it."""

from __future__ import annotations

from typing import Any, Final

from novita_infra.manifests.secrets.paths import check_file, file_at, known_as
from novita_infra.manifests.secrets.picking import data_in, hint_for, text_at
from novita_infra.manifests.secrets.running import output_of_program
from novita_infra.manifests.secrets.source import Asking, ManifestPlace, Pointed, PointedSource, Question, Unreadable


def _pointed(parts: Any, place: ManifestPlace) -> Pointed:
    file = file_at(parts["file"], place, form="fromSops")
    check_file(file, parts["file"], what="SOPS file")
    known = known_as(file, place)
    question = Question("fromSops", (str(file.resolve()), known), f"the SOPS file {known}")
    return Pointed(question, parts["path"], f"sops:{known}#{parts['path']}")


async def _ask(question: Question, asking: Asking) -> Any:
    file, path = question.words
    arguments, subject = ["--decrypt", "--output-type", "json", file], f"sops --decrypt {path}"
    text = await output_of_program(
        "sops", arguments, asking, subject=subject, install="install SOPS: https://getsops.io"
    )
    return data_in(text, subject=subject)


def _text(answer: Any, pointed: Pointed) -> str:
    subject, value = pointed.question.subject, answer
    for key in pointed.part.split("."):
        match value:
            case dict() if key in value:
                value = value[key]
            case list() if key.isascii() and key.isdecimal() and len(key) < 7 and int(key) < len(value):
                value = value[int(key)]
            case _:
                known = value if isinstance(value, dict) else ()
                raise Unreadable(f"{subject} has no {pointed.part}", hint_for(key, known))
    return text_at(value, part=pointed.part, subject=subject)


SOURCE: Final = PointedSource(_pointed, _text, ask=_ask)
