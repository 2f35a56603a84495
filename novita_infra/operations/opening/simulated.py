"""The simulator in this process, with its account in a file of the project."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from novita_infra.api.heartbeat import SILENCE
from novita_infra.model.clock import Clock, FastClock
from novita_infra.model.diagnostics import EXIT_REFUSED, problem

if TYPE_CHECKING:
    import httpx

SIM_SCALE: Final = 60.0
"""How many simulated seconds pass in one real second with `--sim`."""


def silence_of(*, sim: bool) -> float:
    """Seconds of the account's clock after which a sign of life is due: most of a minute of a person."""
    return SILENCE * SIM_SCALE if sim else SILENCE


def sim_db(root: Path) -> Path:
    """The file that keeps the simulator's account of a project."""
    return root / ".novita-infra" / "sim.db"


def sim_log(root: Path) -> Path:
    """The file of the calls to the simulator's account of a project outside of an apply."""
    return root / ".novita-infra" / "sim.db.audit"


def for_several(root: Path) -> str:
    """What to type so that several commands use the simulator's account of a project at once."""
    serve = shlex.join(["novita-infra", "sim", "serve", "--db", str(sim_db(root)), "--time-scale", f"{SIM_SCALE:g}"])
    settings = "NOVITA_API_URL (the address that it prints) and NOVITA_API_KEY=sk_test"
    return f"several commands at once can use `{serve}`: set {settings} for them, and leave out --sim"


@contextmanager
def simulated(root: Path) -> Iterator[tuple[httpx.AsyncBaseTransport, Clock]]:
    """The simulator in this process, its account kept in a file of the project."""
    from novita_infra.api.transport.in_process import InProcess  # noqa: PLC0415 -- only with --sim
    from novita_infra.simulator import AccountInUse, ForeignLink, UnknownFormat, open_world  # noqa: PLC0415
    from novita_infra.simulator.http.app import build_app  # noqa: PLC0415
    from novita_infra.simulator.http.lost_answers import LostAnswer  # noqa: PLC0415

    path = sim_db(root)
    clock = FastClock(start=time.time(), scale=SIM_SCALE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        world = open_world(path, now=clock.now)
    except PermissionError as error:
        raise problem(
            f"{error.filename or path}: permission denied",
            "--sim keeps its account there, even for a plan; give write permission, or copy the project",
        ) from None
    except AccountInUse:
        raise problem(
            f"the simulator's account in {path} is in use", f"wait for the other command to end; {for_several(root)}"
        ) from None
    except ForeignLink as error:
        raise problem(str(error), "look where it leads; then remove it", code=EXIT_REFUSED) from None
    except UnknownFormat:
        raise problem(
            f"{path} is damaged, or no account of this simulator", "empty it with `novita-infra sim reset`"
        ) from None
    try:
        # The time of an account that earlier runs advanced is ahead of ours; its ages and dates are in that time.
        yield InProcess(build_app(world), lost=LostAnswer), FastClock(start=world.now(), scale=SIM_SCALE)
    finally:
        world.close()
    if world.unsaved is not None:
        raise problem(
            f"the simulator's account cannot be written to {path}: {world.unsaved.strerror}",
            "make room; the simulator has lost its last changes, which the next plan shows",
        )
