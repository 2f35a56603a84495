"""The command `job` and its own commands."""
