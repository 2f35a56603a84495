"""Fields under their keys in the API (`Field.keys`): in the body of a call, and in an answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from novita_infra.api.json_values import text_of
from novita_infra.kinds.call import Target
from novita_infra.kinds.field import Field, Key
from novita_infra.model.values import Value

READ: Final = "read"
"""The word for answers in `Field.keys`."""


def texts(name: str, *calls: str) -> dict[str, Key]:
    """The keys of a text that has the same key in the bodies of these calls and in answers."""
    return dict.fromkeys((*calls, READ), Key(name, text_of))


def body_of(fields: Iterable[Field], call: str, target: Target) -> dict[str, Value]:
    """The part of a call's body that consists of single fields: declared, else as they are, else empty."""
    return {
        key.name: key.form(target.value(field.name)) for field in fields if (key := field.keys.get(call)) is not None
    }


def readers(fields: Iterable[Field]) -> Mapping[str, Key]:
    """By field, where an answer has it; for `carried`."""
    return {field.name: field.keys[READ] for field in fields if READ in field.keys}
