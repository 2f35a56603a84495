"""`{fromCommand: [PROGRAM, ARGUMENT]}`: the output of a program without its last line end. There is no shell."""

from __future__ import annotations

import shlex
from typing import Any, Final

from novita_infra.api.credentials import without_credentials
from novita_infra.manifests.secrets.running import output_of_program
from novita_infra.manifests.secrets.source import Asking, ManifestPlace, Pointed, PointedSource, Question, Unreadable
from novita_infra.model.printable import printable

_LONGEST_NAME: Final = 200


def _pointed(words: Any, _: ManifestPlace) -> Pointed:
    if any("\0" in word for word in words) or not words[0]:
        raise Unreadable("this is no command", "write the program and its arguments: [op, read, op://vault/item/field]")
    said = printable(without_credentials(shlex.join(words)))[:_LONGEST_NAME]
    return Pointed(Question("fromCommand", tuple(words), f"the command {words[0]}"), "", f"command:{said}")


async def _ask(question: Question, asking: Asking) -> str:
    (program, *arguments), subject = question.words, question.subject
    install = "install it, or look at PATH; a file of the project is ./FOLDER/NAME"
    text = await output_of_program(program, arguments, asking, subject=subject, install=install, chosen=True)
    value = text.removesuffix("\n").removesuffix("\r")
    if not value:
        raise Unreadable(f"{subject} printed nothing")
    return value


SOURCE: Final = PointedSource(_pointed, lambda answer, _: str(answer), ask=_ask)
