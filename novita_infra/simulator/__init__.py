"""A pretend Novita: an ASGI application over a world with a clock of its own. It imports nothing else of ours."""

from novita_infra.simulator.clocks import HandClock, scaled
from novita_infra.simulator.errors import ApiRefusal
from novita_infra.simulator.faults.model import Fault, Faults, Luck, Position, Trouble
from novita_infra.simulator.faults.parsing import fault_of
from novita_infra.simulator.http.app import build_app
from novita_infra.simulator.http.control import world_state
from novita_infra.simulator.http.lost_answers import LostAnswer
from novita_infra.simulator.http.recording import Recorder, open_log
from novita_infra.simulator.http.serving import Background, background, serve_world
from novita_infra.simulator.opening import open_world
from novita_infra.simulator.profiles import LIVE, PROFILES, Quirks
from novita_infra.simulator.scenarios.builtin import SCENARIOS, scenario_named
from novita_infra.simulator.scenarios.model import BadScenario, Scenario, scenario_of
from novita_infra.simulator.verdict import RunVerdict
from novita_infra.simulator.world.engine.account_file import AccountInUse, UnknownFormat
from novita_infra.simulator.world.engine.settings import Limits, Timings
from novita_infra.simulator.world.engine.world import World

__all__ = [
    "LIVE",
    "PROFILES",
    "SCENARIOS",
    "AccountInUse",
    "ApiRefusal",
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
    "RunVerdict",
    "Scenario",
    "Timings",
    "Trouble",
    "UnknownFormat",
    "World",
    "background",
    "build_app",
    "fault_of",
    "open_log",
    "open_world",
    "scaled",
    "scenario_named",
    "scenario_of",
    "serve_world",
    "world_state",
]
