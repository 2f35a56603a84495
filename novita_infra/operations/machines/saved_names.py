"""The names under which actions save machines as images: what is wrong with one, and which image it would replace."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace

from novita_infra.api.errors import Refused
from novita_infra.catalogue.images import listed_image
from novita_infra.kinds.machine import MachineAction
from novita_infra.model.diagnostics import EXIT_REFUSED, Diagnostic, Problems, problem, run_again_with
from novita_infra.operations.account.images import read_images, users_of
from novita_infra.operations.account.view import AccountView
from novita_infra.planning.checks.overwriting import loss_of_image
from novita_infra.planning.machine_actions import ActionOnMachine, AskedAction


def check_name(actions: Iterable[MachineAction], name: str) -> None:
    """Raises Problems if a machine cannot be saved under the name. An empty name is none."""
    for action in actions if name else ():
        if fault := action.misnamed(name):
            raise problem(fault)


async def with_replaced_images(
    view: AccountView, actions: Sequence[ActionOnMachine], asked: AskedAction
) -> list[ActionOnMachine]:
    """The actions with the loss of the image that they would save over, and of which what uses it is named.

    Reports where the key may not list the images. Raises ApiError.
    """
    name = asked.saved_as
    if not name or all(item.job for item in actions):
        return list(actions)
    try:
        found = listed_image(await read_images(view), name)
    except Refused:
        view.report(f"Whether {name} exists already is not known: this key may not read the list of images.")
        return list(actions)
    if found is None:
        return list(actions)
    users = (await users_of(view, [name]))[name]
    loss = loss_of_image(name, users)
    return [item if item.job else replace(item, losses=(*item.losses, loss), replaces=name) for item in actions]


def refuse_replaced(actions: Iterable[ActionOnMachine], asked: AskedAction) -> None:
    """Raises Problems if an image would be saved over, which is not allowed, and nobody is asked."""
    errors = [
        Diagnostic(
            f"{item.title}: to save it loses {' and '.join(map(str, item.losses))}",
            f"name another tag; if that is wanted, {run_again_with(f'--allow-data-loss {shlex.quote(item.replaces)}')}",
        )
        for item in actions
        if item.replaces and item.replaces not in asked.allowed
    ]
    if errors:
        raise Problems(errors, code=EXIT_REFUSED)
