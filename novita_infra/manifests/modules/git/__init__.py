"""Modules from git repositories: their sources, the lock file that pins them, and the checkouts in the user's cache."""

from typing import Final

GIT: Final = "git::"
"""How a source in a repository begins, and the names of its files in messages."""
