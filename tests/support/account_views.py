"""The view of a rig's account, as commands that need no manifests have it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from rig import Rig

from novita_infra.api.client import Client
from novita_infra.manifests.project.locating import locate
from novita_infra.operations.account.recorded import recorded_in
from novita_infra.operations.account.view import AccountOptions, AccountView
from novita_infra.operations.opening.account import SIMULATOR

T = TypeVar("T")


def viewed(
    rig: Rig, work: Callable[[AccountView], Awaitable[T]], *, adapted: Callable[[Client], None] = lambda _: None
) -> T:
    """What the work gives for the account; its messages are added to those of the rig. `adapted` changes the client."""

    async def run() -> T:
        async with rig.client() as client:
            adapted(client)
            view = AccountView(
                where=AccountOptions(project=rig.folder),
                place=locate(rig.folder, environ={}) if (rig.folder / "novita-infra.yaml").exists() else None,
                client=client,
                clock=rig.clock,
                cloud=SIMULATOR,
                digest="",
                sim=False,
                recorded=recorded_in([rig.state()]),
                report=rig.messages.append,
            )
            return await work(view)

    return rig.clock.run(run())
