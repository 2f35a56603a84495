"""`sim`: the built-in simulator as a server, and its account of a project emptied."""

from __future__ import annotations
