"""Where the values of secret variables stand in clear in files, so that no message repeats one.

A declaration may be misspelled: where in doubt, a value counts as secret. It judges nothing and reads no file.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from novita_infra.manifests.language.variables import Given, given_in
from novita_infra.manifests.project.project_file import Settings
from novita_infra.manifests.yaml.positions import Position, inside, origin
from novita_infra.model.addresses import Origin

_OPEN: Final = frozenset({"type", "description", "secret"})
"""What a declaration says in the open; its default, and what it does not know, may hold the secret."""
_EXPRESSION: Final = re.compile(r"\$\{[^}]*\}")
_POINTERS: Final = ({"fromEnv"}, {"fromFile"})


def plaintext_secrets(settings: Settings, given: Iterable[Given]) -> dict[Origin, str]:
    """Each place of a secret value with its text: in declarations, in every environment, and in what is given."""
    declared, spot = settings.part("variables"), settings.spot("variables")
    secret = {name for name, item in declared.items() if _is_secret(item)}
    if not secret:
        return {}
    found = dict(_of_declarations({name: declared[name] for name in secret}, spot))
    for item in (*_of_environments(settings), *given):
        if item.spot is not None and _meant(item.name, declared) in {*secret, ""}:
            found.update(_texts(item.value, item.spot))
    return found


def _meant(name: str, declared: Mapping[str, Any]) -> str:
    """The declared variable that the name is, or most likely is, misspelled; empty where it is like none."""
    near = [name] if name in declared else difflib.get_close_matches(name, declared, n=1)
    return near[0] if near else ""


def _is_secret(declaration: Any) -> bool:
    """Whether the declaration says so, however it spells it."""
    return isinstance(declaration, dict) and any(
        value is not False and difflib.get_close_matches(str(name).lower(), ("secret",), n=1, cutoff=0.75)
        for name, value in declaration.items()
    )


def _of_declarations(declared: Mapping[str, Mapping[str, Any]], spot: Position) -> Iterator[tuple[Origin, str]]:
    for name, declaration in declared.items():
        for field in declaration.keys() - _OPEN:
            yield from _texts(declaration[field], inside(inside(spot, name), field))


def _of_environments(settings: Settings) -> Iterator[Given]:
    for name, environment in settings.part("environments").items():
        if isinstance(environment, dict):
            yield from given_in(
                environment.get("variables"), inside(inside(settings.spot("environments"), name), "variables"), name
            )


def _texts(value: Any, spot: Position) -> Iterator[tuple[Origin, str]]:
    """The places of the texts and numbers in a value, without what only says where a secret comes from."""
    match value:
        case dict() if set(value) in _POINTERS:
            return
        case dict():
            for name, item in value.items():
                yield from _texts(item, inside(spot, name))
        case list():
            for index, item in enumerate(value):
                yield from _texts(item, inside(spot, index))
        case None | bool():
            return
        case str() if _EXPRESSION.fullmatch(value):
            return
        case _:
            yield origin(spot), str(value)
