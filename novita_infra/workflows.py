"""The parts put together, one function for what each command does, without a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from novita_infra.diagnostics import Diagnostic, Problems, nearest, problem
from novita_infra.kinds import KINDS
from novita_infra.manifests.project import Project, load
from novita_infra.planning.plan import Plan
from novita_infra.resources import Address, Record
from novita_infra.state.book import State, Store
from novita_infra.state.local import LocalStore
from novita_infra.timing import Clock, FastClock, RealClock

if TYPE_CHECKING:
    from novita_infra.api.client import Client
    from novita_infra.applying.events import Listener, Result

API_URL: Final = "https://api.novita.ai"
SIM_SCALE: Final = 60.0
"""How many simulated seconds pass in one real second with `--sim`."""
LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Which project, environment and account a command is about."""

    path: Path = Path()
    environment: str = ""
    variables: Mapping[str, str] = field(default_factory=dict)
    var_files: tuple[Path, ...] = ()
    sim: bool = False
    lock_timeout: float = 0.0
    """Seconds to wait for another run's lock."""
