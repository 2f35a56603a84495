"""What the shell offers for an environment, an address or a kind. Never an error: a broken project offers nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from novita_infra.model.printable import printable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Offer: TypeAlias = Callable[[click.Context, click.Parameter, str], "list[CompletionItem[str]]"]


def environments(context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem[str]]:
    """The environments of the project that the command names."""

    def found() -> Iterable[str]:
        from novita_infra.operations.completion import known_environments  # noqa: PLC0415 -- only completion needs it

        return known_environments(_place(context))

    return _offered(found, typed)


def addresses(context: click.Context, parameter: click.Parameter, typed: str) -> list[CompletionItem[str]]:
    """The addresses in the state and the manifests of that project; files where a path may follow."""

    def found() -> Iterable[str]:
        from novita_infra.operations.completion import known_addresses  # noqa: PLC0415 -- likewise
        from novita_infra.operations.session import ProjectOptions  # noqa: PLC0415

        values = context.params
        return known_addresses(
            ProjectOptions(
                path=_place(context),
                environment=values.get("environment") or "",
                variables=dict(values.get("variables") or ()),
                var_files=values.get("var_files") or (),
                sim=bool(values.get("sim")),
            )
        )

    offered = _offered(found, typed)
    return offered if offered or "PATH" not in str(parameter.metavar) else _files(typed)


def kinds(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[CompletionItem[str]]:
    """The kinds, as a manifest names them."""

    def found() -> Iterable[str]:
        from novita_infra.kinds import KINDS  # noqa: PLC0415 -- likewise

        return sorted(kind.name for kind in KINDS.values())

    return _offered(found, typed)


def _offered(find: Callable[[], Iterable[str]], typed: str) -> list[CompletionItem[str]]:
    from click.shell_completion import CompletionItem  # noqa: PLC0415 -- likewise

    try:
        return [CompletionItem(value) for value in find() if value.startswith(typed) and printable(value) == value]
    except Exception:  # noqa: BLE001 -- a person is typing: no message may stand in the command line
        return []


def _files(typed: str) -> list[CompletionItem[str]]:
    from click.shell_completion import CompletionItem  # noqa: PLC0415 -- likewise

    return [CompletionItem(typed, type="file")]


def _place(context: click.Context) -> Path:
    """The project that the command names. Click reads no path before an option that lacks its value."""
    place: Path = context.params.get("path") or context.params.get("folder") or Path()
    words = () if place != Path() else context.find_root().obj or ()
    return next((Path(word) for word in reversed(words) if os.path.exists(word)), place)  # noqa: PTH110 -- any text
