"""The environment of the programs that novita-infra starts: all of its own, but what is for novita-infra alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_OURS: Final = ("NOVITA_API_KEY", "NOVITA_INFRA_VAR_")
"""The beginnings of the variables that no program gets: they are for novita-infra alone."""


def given_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a program: the whole one, for its own keys, without what is ours alone."""
    return {name: text for name, text in environ.items() if not name.startswith(_OURS)}
