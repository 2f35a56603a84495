"""A pretend Novita: an ASGI application over a world with a clock of its own. It imports nothing else of ours."""

from novita_infra.simulator.app import build_app
from novita_infra.simulator.clocks import HandClock, scaled
from novita_infra.simulator.control import state
from novita_infra.simulator.days import SCENARIOS, scenario_named
from novita_infra.simulator.errors import Refusal
from novita_infra.simulator.faults import Fault, Faults, Luck, Position, Trouble
from novita_infra.simulator.losing import LostAnswer
from novita_infra.simulator.opening import open_world
from novita_infra.simulator.orders import fault_of
from novita_infra.simulator.quirks import LIVE, PROFILES, Quirks
from novita_infra.simulator.recording import Recorder, open_log
from novita_infra.simulator.scenarios import BadScenario, Scenario, scenario_of
from novita_infra.simulator.serving import Background, background, serve
from novita_infra.simulator.verdict import Verdict
from novita_infra.simulator.world.keeping import AccountInUse, UnknownFormat
from novita_infra.simulator.world.settings import Limits, Timings
from novita_infra.simulator.world.world import World

__all__ = [
    "LIVE",
    "PROFILES",
    "SCENARIOS",
    "AccountInUse",
    "Background",
    "BadScenario",
    "Fault",
    "Faults",
    "HandClock",
    "Limits",
    "LostAnswer",
    "Luck",
    "Position",
    "Quirks",
    "Recorder",
    "Refusal",
    "Scenario",
    "Timings",
    "Trouble",
    "UnknownFormat",
    "Verdict",
    "World",
    "background",
    "build_app",
    "fault_of",
    "open_log",
    "open_world",
    "scaled",
    "scenario_named",
    "scenario_of",
    "serve",
    "state",
]
