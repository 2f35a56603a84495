"""`sim`: the built-in simulator as a server, and its account of a project emptied."""

from __future__ import annotations

from pathlib import Path

import click

from novita_infra.cli.command import Command, path_argument, screened
from novita_infra.cli.lazy import LazyGroup
from novita_infra.cli.screen import Screen
