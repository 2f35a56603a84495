"""The command `task` and its own commands."""
