"""A simulated Novita API: an ASGI application over a simulated account and cloud. It imports nothing else of ours."""

from novita_infra.simulator.clocks import HandClock, scaled
from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.faults.model import Fault, FaultEffects, Faults, Position, Trouble
from novita_infra.simulator.faults.parsing import fault_of
from novita_infra.simulator.opening import open_world
from novita_infra.simulator.profiles import LIVE, PROFILES, Quirks
from novita_infra.simulator.scenarios.builtin import SCENARIOS, scenario_named
from novita_infra.simulator.scenarios.model import BadScenario, Scenario, scenario_of
from novita_infra.simulator.verdict import RunVerdict
from novita_infra.simulator.world.engine.account_file import AccountInUse, ForeignLink, UnknownFormat
from novita_infra.simulator.world.engine.settings import Limits, Timings
from novita_infra.simulator.world.engine.world import World

__all__ = [
    "LIVE",
    "PROFILES",
    "SCENARIOS",
    "AccountInUse",
    "ApiRefusal",
    "BadScenario",
    "Fault",
    "FaultEffects",
    "Faults",
    "ForeignLink",
    "HandClock",
    "Limits",
    "Position",
    "Quirks",
    "RunVerdict",
    "Scenario",
    "Timings",
    "Trouble",
    "UnknownFormat",
    "World",
    "fault_of",
    "open_world",
    "scaled",
    "scenario_named",
    "scenario_of",
]
