"""The pytest fixture `novita_sim` for the tests of other projects: a simulated Novita served on this machine.

Published as an entry point, so pytest loads it wherever novita-infra is installed. It imports the simulator only when a
test uses the fixture.
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
    """Registers the marker."""
    config.addinivalue_line("markers", _MARKER)


@pytest.fixture
def novita_sim(request: pytest.FixtureRequest) -> Iterator[NovitaSim]:
    """A simulator over HTTP for one test; `@pytest.mark.novita_sim(scenario="no-stock")` chooses its scenario."""
    from novita_infra.simulator.http.app import build_app  # noqa: PLC0415
    from novita_infra.simulator.http.serving import background  # noqa: PLC0415
    from novita_infra.testing.worlds import WorldOptions, open_with_options  # noqa: PLC0415 -- only a test that uses it pays for it

    marker = request.node.get_closest_marker("novita_sim")
    options: dict[str, Any] = {"time_scale": TIME_SCALE, **(marker.kwargs if marker else {})}
    latency = options.pop("latency", 0.0)
    if isinstance(options.get("scenario"), str | Path):
        options["scenario"] = _beside(request.path.parent, options["scenario"])
    try:
        world_options = WorldOptions(**options)
    except TypeError as error:
        raise pytest.UsageError(f"@pytest.mark.novita_sim: {error}") from error
    world = open_with_options(world_options)
    try:
        with background(build_app(world, latency=latency)) as server:
            yield NovitaSim(world, server)
    finally:
        world.close()


class NovitaSim:
    """A served simulator and its controls. Clients use `url` with `key`, or any key that begins with `sk_`."""

    def __init__(self, world: World, server: Background) -> None:
        self._world = world
        self._server = server
        self.url = server.url
        self.key = KEY

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables that make a client use this simulator."""
        return {"NOVITA_API_URL": self.url, "NOVITA_API_KEY": self.key}

    def advance(self, seconds: float) -> float:
        """Advances the simulated time by these seconds; returns it, in Unix seconds."""

        def work() -> float:
            self._world.skip(seconds)
            self._world.save()
            return self._world.moment

        return self._server.do(work)

    def fault(self, **fields: Any) -> None:
        """Adds a fault, in the words of `POST /_sim/faults`: `fault(kind="lost", operation="instances.create")`.

        Raises ValueError if they describe no fault.
        """
        from novita_infra.simulator import ApiRefusal, fault_of  # noqa: PLC0415

        try:
            fault = fault_of(fields)
        except ApiRefusal as error:
            raise ValueError(error.message) from error
        self._server.do(lambda: self._world.faults.add(fault))

    def clear_faults(self) -> None:
        """Removes all faults, those of the scenario included."""
        self._server.do(self._world.faults.clear)

    def state(self) -> dict[str, Any]:
        """The whole world, as `GET /_sim/state` returns it: objects, calls by operation, money in 1/100000 USD."""
        from novita_infra.simulator.http.control import world_state  # noqa: PLC0415

        return self._server.do(lambda: world_state(self._world))

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """The objects of a kind, such as `instances`. Raises KeyError for an unknown kind."""
        objects: list[dict[str, Any]] = self.state()["objects"][kind]
        return objects

    @property
    def calls(self) -> Mapping[str, int]:
        """The calls made so far by operation, such as `instances.create`."""
        return self._server.do(lambda: dict(self._world.calls))


def _beside(folder: Path, scenario: str | Path) -> str | Path:
    """The file of that name in the test's folder; the name of a scenario if there is no such file."""
    file = folder / scenario
    return file if file.is_file() else scenario
