"""For the tests of other projects: the pytest fixture `novita_sim`, a pretend Novita served on this machine.

Published as an entry point, so it is there once novita-infra is installed. It imports nothing dear until a test asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from novita_infra.simulator import World
    from novita_infra.simulator.http.serving import Background

KEY: Final = "sk_test"
TIME_SCALE: Final = 100.0
"""Simulated seconds in a real one, unless the marker says otherwise: a machine runs within a second."""
_MARKER: Final = (
    "novita_sim(scenario, seed, profile, time_scale, latency, db): the world that the fixture novita_sim serves; "
    "a scenario is a name, a file beside the test, or a mapping"
)


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def novita_sim(request: pytest.FixtureRequest) -> Iterator[NovitaSim]:
    """A simulator over HTTP for one test; `@pytest.mark.novita_sim(scenario="no-stock")` says which day it has."""
    from novita_infra.simulator.http.app import build_app  # noqa: PLC0415
    from novita_infra.simulator.http.serving import background  # noqa: PLC0415
    from novita_infra.testing.worlds import WorldOptions, open_with_options  # noqa: PLC0415 -- only a test that uses it pays for it

    marker = request.node.get_closest_marker("novita_sim")
    said: dict[str, Any] = {"time_scale": TIME_SCALE, **(marker.kwargs if marker else {})}
    latency = said.pop("latency", 0.0)
    if isinstance(said.get("scenario"), str | Path):
        said["scenario"] = _beside(request.path.parent, said["scenario"])
    try:
        wish = WorldOptions(**said)
    except TypeError as wrong:
        raise pytest.UsageError(f"@pytest.mark.novita_sim: {wrong}") from wrong
    world = open_with_options(wish)
    try:
        with background(build_app(world, latency=latency)) as server:
            yield NovitaSim(world, server)
    finally:
        world.close()


class NovitaSim:
    """A served simulator and what bends it. Clients talk to `url` with `key`, or any key that begins with `sk_`."""

    def __init__(self, world: World, server: Background) -> None:
        self._world = world
        self._server = server
        self.url = server.url
        self.key = KEY

    @property
    def environ(self) -> dict[str, str]:
        """What points a client at it that looks into the environment."""
        return {"NOVITA_API_URL": self.url, "NOVITA_API_KEY": self.key}

    def advance(self, seconds: float) -> float:
        """Lets simulated seconds pass at once; gives the world's time, Unix seconds."""

        def work() -> float:
            self._world.skip(seconds)
            self._world.save()
            return self._world.moment

        return self._server.do(work)

    def fault(self, **said: Any) -> None:
        """Orders bad luck, in the words of `POST /_sim/faults`: `fault(kind="lost", operation="instances.create")`.

        Raises ValueError where they say no fault.
        """
        from novita_infra.simulator import ApiRefusal, fault_of  # noqa: PLC0415

        try:
            fault = fault_of(said)
        except ApiRefusal as wrong:
            raise ValueError(wrong.message) from wrong
        self._server.do(lambda: self._world.faults.add(fault))

    def clear_faults(self) -> None:
        """Ends all bad luck that is in force, that of the scenario too."""
        self._server.do(self._world.faults.clear)

    def state(self) -> dict[str, Any]:
        """The whole world, as `GET /_sim/state` tells it: objects, calls by operation, money in 1/100000 USD."""
        from novita_infra.simulator.http.control import world_state  # noqa: PLC0415

        return self._server.do(lambda: world_state(self._world))

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """The objects of a kind, such as `instances`. Raises KeyError for a kind that there is not."""
        objects: list[dict[str, Any]] = self.state()["objects"][kind]
        return objects

    @property
    def calls(self) -> Mapping[str, int]:
        """The calls made so far by operation, such as `instances.create`."""
        return self._server.do(lambda: dict(self._world.calls))


def _beside(folder: Path, scenario: str | Path) -> str | Path:
    """A file is named from the test's folder; a name of a scenario stays one."""
    found = folder / scenario
    return found if found.is_file() else scenario
