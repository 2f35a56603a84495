"""Finds the values of secret variables that stand in clear in files, so that no message repeats one.

A declaration may be misspelled: in doubt, a value counts as secret. Nothing is reported and no file is read.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from novita_infra.manifests.language.variable_types import may_be_secret
from novita_infra.manifests.language.variables import Given, given_in
from novita_infra.manifests.project.project_file import Settings
from novita_infra.manifests.yaml.positions import Position, inside, origin
from novita_infra.model.addresses import Origin
from novita_infra.schema.secret_pointers import is_pointer

_OPEN: Final = frozenset({"type", "description", "secret", "sensitive", "validation"})
"""The public keys of a declaration. Its default and unknown keys may hold the secret."""
_EXPRESSION: Final = re.compile(r"\$\{\s*env\.[A-Za-z_][A-Za-z0-9_]*\s*\}")


def plaintext_secrets(settings: Settings, given: Iterable[Given]) -> dict[Origin, str]:
    """Returns each place of a secret value with its text: in declarations, environments and given values."""
    declared, position = settings.part("variables"), settings.position("variables")
    secret = {name for name, item in declared.items() if may_be_secret(item)}
    if not secret:
        return {}
    found = dict(_of_declarations({name: declared[name] for name in secret}, position))
    for item in (*_of_environments(settings), *given):
        if item.position is not None and _meant(item.name, declared) in {*secret, ""}:
            found.update(_texts(item.value, item.position))
    return found


def _meant(name: str, declared: Mapping[str, Any]) -> str:
    """Returns the declared variable with this or the nearest name; empty if none is similar."""
    near = [name] if name in declared else difflib.get_close_matches(name, declared, n=1)
    return near[0] if near else ""


def _of_declarations(declared: Mapping[str, Mapping[str, Any]], position: Position) -> Iterator[tuple[Origin, str]]:
    for name, declaration in declared.items():
        for field in declaration.keys() - _OPEN:
            yield from _texts(declaration[field], inside(inside(position, name), field))


def _of_environments(settings: Settings) -> Iterator[Given]:
    for name, environment in settings.part("environments").items():
        if isinstance(environment, dict):
            yield from given_in(
                environment.get("variables"), inside(inside(settings.position("environments"), name), "variables"), name
            )


def _texts(value: Any, position: Position) -> Iterator[tuple[Origin, str]]:
    """Yields the places of texts and numbers in a value, except pointers to secrets."""
    match value:
        case dict() if is_pointer(value):
            return
        case dict():
            for name, item in value.items():
                yield from _texts(item, inside(position, name))
        case list():
            for index, item in enumerate(value):
                yield from _texts(item, inside(position, index))
        case None | bool():
            return
        case str() if _EXPRESSION.fullmatch(value):
            return
        case _:
            yield origin(position), str(value)
