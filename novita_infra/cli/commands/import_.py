"""The command `import`."""

from __future__ import annotations

import asyncio
import os

import click

from novita_infra.cli.console import Console
from novita_infra.cli.options import Command, json_option, lock_timeout_option, path_argument, with_console
from novita_infra.cli.options import address as address_of
from novita_infra.cli.project_options import located
from novita_infra.cli.signals import locked
from novita_infra.model.addresses import Address
from novita_infra.model.records import Record
from novita_infra.operations.importing import import_object
from novita_infra.operations.session import ProjectOptions, open_session
from novita_infra.views.content.lines import Tone, line
from novita_infra.views.json.state import record_json


@click.command("import", cls=Command)
@click.argument("address", metavar="ADDR", type=address_of)
@click.argument("id_", metavar="ID")
@path_argument
@located
@lock_timeout_option
@json_option
@with_console
def import_(*, address: Address, id_: str, where: ProjectOptions, screen: Console) -> int:
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


async def _import(where: ProjectOptions, address: Address, id_: str) -> Record:
    async with open_session(where, os.environ, empty=True) as session, locked(session, "import"):
        return await import_object(session, address, id_)
