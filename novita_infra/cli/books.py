"""`import` and `state`: taking objects into the books, and reading and mending the books. No object is changed."""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import click

from novita_infra import workflows
from novita_infra.cli.command import Command, json_option, lock_timeout_option, path_argument, screened
from novita_infra.cli.command import address as address_of
from novita_infra.cli.lazy import LazyGroup
from novita_infra.cli.locating import located
from novita_infra.cli.running import locked
from novita_infra.cli.screen import Screen
from novita_infra.diagnostics import problem
from novita_infra.resources import Address, Record
from novita_infra.state.book import State
from novita_infra.views.human import record_lines
from novita_infra.views.json import record_json
from novita_infra.views.lines import Tone, line
from novita_infra.workflows import Where


@click.command("import", cls=Command)
@click.argument("address", metavar="ADDR", type=address_of)
@click.argument("id_", metavar="ID")
@path_argument
@located
@lock_timeout_option
@json_option
@screened
def import_(*, address: Address, id_: str, where: Where, screen: Screen) -> int:
    """Take an existing object into the books.

    ID is the id that the cloud gave the object. Where no manifest declares ADDR, one is written whose plan is empty.
    The object is only read; the next plan says what differs from its manifest.

    \b
    Examples:
      novita-infra import instance.trainer 7a1b2c
      novita-infra import network_storage.data 66f3 examples/training-cluster --sim
    """
    record = asyncio.run(_import(where, address, id_))
    if screen.json:
        screen.show_json(record_json(record))
    else:
        screen.show([line(("Imported: ", Tone.GOOD), f"{record.address} is {record.id}, declared in {record.source}.")])
    screen.say(
        "A new manifest holds values as the cloud shows them; variables named like secrets come from the environment.",
        "Move there what else is secret, then see what differs: novita-infra plan",
    )
    return 0


async def _import(where: Where, address: Address, id_: str) -> Record:
    async with workflows.opened(where, os.environ, empty=True) as session, locked(session, "import"):
        return await workflows.import_object(session, address, id_)


@click.command("list", cls=Command)
@path_argument
@located
@json_option
@screened
def list_(*, where: Where, screen: Screen) -> int:
    """List the addresses on record.

    \b
    Example:
      novita-infra state list --env prod
    """
    state = workflows.load_state(where)
    if screen.json:
        screen.show_json([{"address": str(address), "id": state.records[address].id} for address in _addresses(state)])
    else:
        screen.show(line(str(address)) for address in _addresses(state))
    return 0


@click.command("show", cls=Command)
@click.argument("address", metavar="ADDR", type=address_of)
@path_argument
@located
@json_option
@screened
def show(*, address: Address, where: Where, screen: Screen) -> int:
    """Show one record.

    \b
    Example:
      novita-infra state show instance.trainer
    """
    record = workflows.recorded(where, address)
    if screen.json:
        screen.show_json(record_json(record))
    else:
        screen.show(record_lines(record))
    return 0


@click.command("rm", cls=Command)
@click.argument("words", metavar="ADDR... [PATH]", nargs=-1, required=True)
@located
@lock_timeout_option
@screened
def remove(*, words: tuple[str, ...], where: Where, screen: Screen) -> int:
    """Remove records; the objects stay as they are.

    What a manifest still declares is created anew by the next apply; where the object bears its owner mark, that is
    refused. `import` takes it in again.

    \b
    Example:
      novita-infra state rm instance.trainer 'instance.worker["eu"]'
    """
    addresses, where = _split(words, where)
    taken = workflows.forget(where, addresses)
    screen.show(line(f"Removed from the books: {record.address}{_known_as(record)}") for record in taken)
    screen.say("The objects stay. What is still declared and bears no owner mark would be made anew by the next apply.")
    return 0


def _known_as(record: Record) -> str:
    """The ids that the books forget."""
    told = [record.id] if record.id else []
    told += [f"replaced, and not known to be gone: {', '.join(record.retired)}"] if record.retired else []
    return f" ({'; '.join(told)})" if told else ""


@click.command("mv", cls=Command)
@click.argument("source", metavar="SOURCE", type=address_of)
@click.argument("target", metavar="TARGET", type=address_of)
@path_argument
@located
@lock_timeout_option
@screened
def move(*, source: Address, target: Address, where: Where, screen: Screen) -> int:
    """Give a record another address, after renaming it in the manifests; the object stays as it is.

    \b
    Example:
      novita-infra state mv instance.trainer instance.teacher
    """
    state = workflows.move(where, source, target)
    screen.show([line(f"Moved in the books: {source} is now {target}")])
    name = state.records[target].spec.get("name")
    if name not in (None, target.name):
        screen.say(f"The object is named {name}: with `name: {name}` in the spec of {target.name} it stays as it is.")
    return 0


@click.group(
    "state",
    cls=LazyGroup,
    table={
        "Commands": {
            "list": (f"{__name__}:list_", "List the addresses on record"),
            "show": (f"{__name__}:show", "Show one record"),
            "mv": (f"{__name__}:move", "Give a record another address"),
            "rm": (f"{__name__}:remove", "Remove records, not the objects"),
        }
    },
)
def state() -> None:
    """Read and mend the books. No object in the cloud is changed."""


def _addresses(state: State) -> list[Address]:
    return sorted(state.records)


def _split(words: tuple[str, ...], where: Where) -> tuple[tuple[Address, ...], Where]:
    """The addresses, and the folder where the last word is one."""
    *first, last = words
    try:
        return tuple(map(Address.parse, words)), where
    except ValueError as wrong:
        if not first or not Path(last).exists():
            raise problem(str(wrong)) from wrong
    return _split(tuple(first), replace(where, path=Path(last)))
