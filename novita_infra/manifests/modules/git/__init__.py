"""Modules from git repositories: their sources, the lock file that pins them, and the checkouts in the user's cache."""
